using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Wording;

namespace IommuSpy.Analysis.Exposure.Rules.Pages;

/// <summary>An address of a device that leads to registers: another function's, those by which all functions are configured, or an IOMMU's.</summary>
internal sealed class PeerRegistersRule : IExposureRule
{
    /// <inheritdoc/>
    public string Id => "peer-registers";

    /// <inheritdoc/>
    public string Title => "A device's addresses lead to registers that are not its own";

    /// <inheritdoc/>
    public ExposureSeverity Severity => ExposureSeverity.Medium;

    /// <inheritdoc/>
    public string Action =>
        "Find out who mapped the range. Where one device is meant to reach the other, its driver offers that memory (pci_p2pdma_add_resource), or both "
            + "belong to the same user of VFIO; what is neither is taken away.";

    /// <inheritdoc/>
    public IEnumerable<ExposureFinding> Find(ExposureScene scene)
    {
        foreach (ReachSpace space in scene.RestrictingSpaces)
        {
            EvidenceRuns runs = new();
            bool decidesAboutOthers = false;
            foreach (ExposedPage page in scene.PagesOf(space))
            {
                if (page.Facts.Registers is not RegisterRange range || IsMeant(range, space))
                {
                    continue;
                }

                decidesAboutOthers |= range.Kind != RegisterKind.Function && page.IsWritable;
                runs.Add(page, range.Name);
            }

            if (runs.Pages > 0)
            {
                yield return Findings.Of(
                    this, space, $"{Findings.Names(space)} has addresses that lead to {Amount.Of(runs.Pages, "page")} of registers that are not its own", runs,
                    decidesAboutOthers ? ExposureSeverity.High : Severity);
            }
        }
    }

    // Functions that share tables are one owner's, who maps their BARs for them: a virtual machine's, for what it calls peer to peer.
    private static bool IsMeant(RegisterRange range, ReachSpace space) =>
        range.IsPeerToPeer || space.Users.Any(user => user.Device.Address == range.Function);
}
