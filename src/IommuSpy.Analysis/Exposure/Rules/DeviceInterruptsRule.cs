using IommuSpy.Analysis.Dma;
using IommuSpy.Linux.Iommu;
using IommuSpy.Translation.AmdVi;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Exposure.Rules;

/// <summary>AMD-Vi remaps interrupts, but not those of a device: its entry says so.</summary>
public sealed class DeviceInterruptsRule : IExposureRule
{
    /// <inheritdoc/>
    public string Id => "device-interrupts-unmapped";

    /// <inheritdoc/>
    public string Title => "A device can send any interrupt: its entry leaves them alone";

    /// <inheritdoc/>
    public ExposureSeverity Severity => ExposureSeverity.Medium;

    /// <inheritdoc/>
    public string Action =>
        "The driver of the IOMMU gives each device an interrupt table when it asks for its first interrupt, and refuses interrupts before: find out who "
            + "changed the entry.";

    /// <inheritdoc/>
    public IEnumerable<ExposureFinding> Find(ExposureScene scene)
    {
        foreach (MachineDevice device in scene.Devices.Where(device =>
            device.Unit is { Kind: IommuKind.AmdVi, RemapsInterrupts: true } && Findings.CanStartTransactions(device)))
        {
            DeviceContext? open = device.Contexts.FirstOrDefault(context =>
                context.Entry.Count == AmdViDeviceEntry.Words
                    && AmdViDeviceEntry.InterruptControl(context.Entry) is AmdViInterruptControl.Forwarded or AmdViInterruptControl.NotRemapped);
            if (open is not null)
            {
                yield return Findings.Of(this, device, $"{Findings.Name(device)} can send any vector to any CPU: its entry lets interrupts through as they are",
                    [new($"its entry: {open.Entry[2]:x16} in the third quadword", open.EntryAddress)]);
            }
        }
    }
}
