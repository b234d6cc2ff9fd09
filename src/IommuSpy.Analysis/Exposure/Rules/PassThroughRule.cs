using IommuSpy.Analysis.Dma;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Exposure.Rules;

/// <summary>The IOMMU lets a device's addresses through as they are.</summary>
public sealed class PassThroughRule : IExposureRule
{
    /// <inheritdoc/>
    public string Id => "pass-through";

    /// <inheritdoc/>
    public string Title => "A device reaches all memory: its IOMMU lets it through untranslated";

    /// <inheritdoc/>
    public ExposureSeverity Severity => ExposureSeverity.High;

    /// <inheritdoc/>
    public string Action =>
        "Boot without iommu=pt (iommu.passthrough=0), or set the group's type to DMA: echo DMA > /sys/kernel/iommu_groups/N/type with its drivers unbound.";

    /// <inheritdoc/>
    public IEnumerable<ExposureFinding> Find(ExposureScene scene)
    {
        foreach (MachineDevice device in scene.Devices.Where(device => device.Access == DeviceAccess.PassThrough))
        {
            DeviceContext entry = device.Contexts.First(context => context.Mode == DmaMode.PassThrough);
            bool idle = !Findings.CanStartTransactions(device) || device.Function?.IsBusMaster == false;
            string state = !Findings.CanStartTransactions(device) ? "; it is part of the chipset"
                : device.Function?.IsBusMaster == false ? "; bus mastering is off now" : "";
            string words = string.Join(' ', entry.Entry.Select(word => $"{word:x16}"));
            yield return Findings.Of(
                this, device, $"{Findings.Name(device)} can read and write all memory: its entry says pass-through{state}",
                [new($"its entry: {words}", entry.EntryAddress)],
                device.Function?.IsUntrusted == true ? ExposureSeverity.Critical : idle ? ExposureSeverity.Low : Severity);
        }
    }
}
