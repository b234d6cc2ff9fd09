using IommuSpy.Analysis.Dma;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Exposure.Rules;

/// <summary>A range of memory that tables map one to one: firmware's wish, or the kernel's for a bridge to ISA.</summary>
public sealed class OneToOneRangeRule : IExposureRule
{
    // A single page at its own address is chance.
    private const ulong FewestBytes = 16 * PageFrame.Size;

    /// <inheritdoc/>
    public string Id => "one-to-one-range";

    /// <inheritdoc/>
    public string Title => "A range of memory is always mapped for a device";

    /// <inheritdoc/>
    public ExposureSeverity Severity => ExposureSeverity.Medium;

    /// <inheritdoc/>
    public string Action =>
        "Where firmware asks for it (RMRR, IVMD), ask its vendor why. The first 16 MiB are Linux's own doing for bridges to ISA "
            + "(CONFIG_INTEL_IOMMU_FLOPPY_WA): every device of the bridge's group has them, and a kernel built without that option has not.";

    /// <inheritdoc/>
    public IEnumerable<ExposureFinding> Find(ExposureScene scene)
    {
        foreach (ReachSpace space in scene.RestrictingSpaces)
        {
            EvidenceRuns runs = new();

            // Registers have one address on the bus: whoever maps them for a guest that has them at the same address maps them one to one by chance.
            foreach (ExposedPage page in scene.PagesOf(space).Where(page => page.IsOneToOne && page.Facts.Registers is not { Kind: RegisterKind.Function }))
            {
                runs.Add(page, "mapped at its own address");
            }

            ExposureEvidence[] ranges = [.. runs.Evidence.Where(run => run.Bytes >= FewestBytes)];
            if (ranges.Length > 0)
            {
                ulong bytes = ranges.Aggregate(0UL, (sum, run) => sum + run.Bytes!.Value);
                yield return Findings.Of(this, space, $"{Findings.Names(space)} can always reach {Size.Text(bytes)}, mapped one to one", ranges);
            }
        }
    }
}
