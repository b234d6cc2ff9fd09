using IommuSpy.Analysis.Devices;
using IommuSpy.Analysis.Dma;

namespace IommuSpy.Analysis.Exposure.Rules;

/// <summary>No IOMMU is between a device and memory.</summary>
public sealed class NoIommuRule : IExposureRule
{
    /// <inheritdoc/>
    public string Id => "no-iommu";

    /// <inheritdoc/>
    public string Title => "A device reaches all memory: no IOMMU is before it";

    /// <inheritdoc/>
    public ExposureSeverity Severity => ExposureSeverity.High;

    /// <inheritdoc/>
    public string Action => "Turn the IOMMU on: in firmware (VT-d, AMD-Vi), and for Intel with intel_iommu=on on the kernel's command line.";

    /// <inheritdoc/>
    public IEnumerable<ExposureFinding> Find(ExposureScene scene)
    {
        foreach (MachineDevice device in scene.Devices.Where(device => device.Access == DeviceAccess.NoIommu))
        {
            bool idle = !Findings.CanStartTransactions(device) || device.Function?.IsBusMaster == false;
            string why = device.Unit is null ? "no IOMMU serves it" : $"its IOMMU {DeviceReport.NameOf(device.Unit)} does not translate";
            string state = !Findings.CanStartTransactions(device) ? "; it is part of the chipset"
                : device.Function?.IsBusMaster == false ? "; bus mastering is off now" : "";
            yield return Findings.Of(
                this, device, $"{Findings.Name(device)} can read and write all memory: {why}{state}", [],
                device.Function?.IsUntrusted == true ? ExposureSeverity.Critical : idle ? ExposureSeverity.Low : Severity);
        }
    }
}
