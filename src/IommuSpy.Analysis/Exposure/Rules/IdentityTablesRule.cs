using IommuSpy.Analysis.Dma;

namespace IommuSpy.Analysis.Exposure.Rules;

/// <summary>Tables translate, and map all of memory one to one.</summary>
public sealed class IdentityTablesRule : IExposureRule
{
    /// <inheritdoc/>
    public string Id => "identity-tables";

    /// <inheritdoc/>
    public string Title => "A device reaches most of memory: its tables map it one to one";

    /// <inheritdoc/>
    public ExposureSeverity Severity => ExposureSeverity.High;

    /// <inheritdoc/>
    public string Action => "As for pass-through: boot without iommu=pt, or set the group's type to DMA.";

    /// <inheritdoc/>
    public IEnumerable<ExposureFinding> Find(ExposureScene scene)
    {
        foreach (ReachSpace space in scene.Reach.Spaces.Where(scene.MapsAllMemory))
        {
            yield return Findings.Of(
                this, space, $"{Findings.Names(space)} can reach {Memory.Size.Text(space.MappedBytes)}: translation in name only",
                [new($"top table, {space.Space.Levels} levels", space.Space.Root)]);
        }
    }
}
