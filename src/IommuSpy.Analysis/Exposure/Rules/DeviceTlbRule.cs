using IommuSpy.Analysis.Dma;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Exposure.Rules;

/// <summary>A device may send addresses that it says it has translated (ATS): the IOMMU believes it.</summary>
public sealed class DeviceTlbRule : IExposureRule
{
    /// <inheritdoc/>
    public string Id => "device-tlb";

    /// <inheritdoc/>
    public string Title => "A device translates by itself (ATS)";

    /// <inheritdoc/>
    public ExposureSeverity Severity => ExposureSeverity.Low;

    /// <inheritdoc/>
    public string Action =>
        "Turn ATS off for devices that are not trusted: pci=noats, or intel_iommu without ATS for their port; the kernel does so for ports that are marked "
            + "external.";

    /// <inheritdoc/>
    public IEnumerable<ExposureFinding> Find(ExposureScene scene)
    {
        foreach (MachineDevice device in scene.Devices.Where(device => device.IsAtsEnabled == true))
        {
            DeviceContext? entry = device.Contexts.FirstOrDefault(context => context.DeviceTlb);
            yield return Findings.Of(
                this, device, $"{Findings.Name(device)} may send addresses that it says are translated already: its IOMMU lets them through",
                entry is null ? [] : [new("its entry allows it", entry.EntryAddress)], device.Function?.IsUntrusted == true ? ExposureSeverity.High : Severity);
        }
    }
}
