using IommuSpy.Analysis.Dma;

namespace IommuSpy.Analysis.Exposure.Rules;

/// <summary>What is unmapped stays in the IOMMU's cache until a queue is flushed.</summary>
public sealed class LazyInvalidationRule : IExposureRule
{
    /// <inheritdoc/>
    public string Id => "lazy-invalidation";

    /// <inheritdoc/>
    public string Title => "A device keeps access for a while after its buffers are unmapped";

    /// <inheritdoc/>
    public ExposureSeverity Severity => ExposureSeverity.Low;

    /// <inheritdoc/>
    public string Action =>
        "Boot with iommu.strict=1, or set the group's type to DMA. It costs throughput; for devices that a stranger can plug in, the kernel is strict "
            + "by itself.";

    /// <inheritdoc/>
    public IEnumerable<ExposureFinding> Find(ExposureScene scene)
    {
        foreach (MachineDevice device in scene.Devices.Where(device => device.IsStrict == false && Findings.CanStartTransactions(device)))
        {
            yield return Findings.Of(
                this, device,
                $"{Findings.Name(device)} can use what was unmapped for up to 10 ms, or 256 buffers: its domain ({device.Group!.Domain!.SysfsName}) "
                    + $"invalidates lazily",
                [new("its domain, in the kernel", Virtual: device.Group.Domain.Address)],
                device.Function?.IsUntrusted == true ? ExposureSeverity.High : Severity);
        }
    }
}
