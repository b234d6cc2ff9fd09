using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Wording;
using IommuSpy.Linux.Devices;

namespace IommuSpy.Analysis.Exposure.Rules.Pages;

/// <summary>A device on a port that strangers can plug into reaches a page that only in part is its buffer.</summary>
internal sealed class UnbouncedPageRule : IExposureRule
{
    /// <inheritdoc/>
    public string Id => "unbounced-page";

    /// <inheritdoc/>
    public string Title => "A device that is not trusted reaches a page that is not all its buffer";

    /// <inheritdoc/>
    public ExposureSeverity Severity => ExposureSeverity.High;

    /// <inheritdoc/>
    public string Action =>
        "Use a kernel that bounces such buffers (since 5.3 on VT-d, since 5.11 elsewhere); where it should, find out which driver goes "
            + "around the DMA interface.";

    /// <inheritdoc/>
    public IEnumerable<ExposureFinding> Find(ExposureScene scene)
    {
        foreach (ReachSpace space in scene.RestrictingSpaces.Where(space =>
            space.Users.Any(user => user.Device is { Function.IsUntrusted: true, Group.Domain.Kind: DomainKind.Dma })))
        {
            EvidenceRuns runs = new();
            foreach (ExposedPage page in scene.PagesOf(space))
            {
                // What comes from the bounce buffers is no slab's. An object of a page and more can be a buffer of whole pages.
                if (!page.IsOneToOne && page.Facts.Slab is { } slab && slab.Cache.ObjectSize < Memory.PageFrame.Size)
                {
                    runs.AddPiece(page, $"{page.Facts.What}: objects of {slab.Cache.ObjectSize} bytes, mapped as they are");
                }
            }

            if (runs.Pages > 0)
            {
                yield return Findings.Of(
                    this, space, $"{Findings.Names(space)} is on an external port, and reaches {Amount.Of(runs.Pages, "page")} that it should see a copy of",
                    runs);
            }
        }
    }
}
