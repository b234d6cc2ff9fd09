using IommuSpy.Linux.Pci;
using IommuSpy.Memory;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Iommu;

/// <summary>A fault line, and what would become of the same request now.</summary>
/// <param name="Event">What happened, in the kernel's words.</param>
/// <param name="Device">Whose request it was.</param>
/// <param name="Pasid">With which PASID.</param>
/// <param name="Driver">The device's driver, now.</param>
/// <param name="Ids">Its vendor and device numbers: "8086:10d3"; null where the kernel does not know it.</param>
/// <param name="Address">The address.</param>
/// <param name="Access">"read" or "write"; null where the line does not say.</param>
/// <param name="Reason">Why it was refused, by the line.</param>
/// <param name="Now">The walk as the tables stand now; null where there is nothing to walk.</param>
/// <param name="WouldFault">Whether the same request would be refused now; null where that cannot be told.</param>
/// <param name="Verdict">What that means, in a sentence.</param>
public sealed record FaultReport(
    string Event,
    string? Device,
    int? Pasid,
    string? Driver,
    string? Ids,
    IoVirtualAddress? Address,
    string? Access,
    string? Reason,
    DeviceTranslationReport? Now,
    bool? WouldFault,
    string Verdict)
{
    /// <summary>The report of a line.</summary>
    public static FaultReport Of(Machine machine, FaultLine line)
    {
        DeviceView? view = null;
        string? problem = "the line names no device";
        PciFunction? function = null;
        if (line.Device is RequesterId device)
        {
            DeviceName name = new(device, line.Pasid);
            function = name.FunctionIn(machine);
            view = DeviceView.Of(machine, name, out problem);
        }

        string? access = line.IsWrite is bool write ? (write ? "write" : "read") : null;
        FaultReport report = new(
            line.Event, line.Device?.ToString(), line.Pasid, function?.Driver, function is null ? null : $"{function.Vendor:x4}:{function.DeviceId:x4}", line.Address, access,
            line.Reason, null, null, problem ?? "the event has no address to walk");
        if (view is null || line.Address is not IoVirtualAddress address)
        {
            return report;
        }

        DeviceTranslation translation = view.Context.Translate(address);
        DeviceFault fault = line.IsWrite is bool isWrite ? translation.FaultOf(isWrite) : translation.Fault;
        bool? would = fault == DeviceFault.TableOutsideImage ? null : fault != DeviceFault.None;
        string verdict = would switch
        {
            null => $"what would happen now is not known: {DeviceFaultText.Of(translation, fault)}",
            true => $"it would be refused now too: {DeviceFaultText.Of(translation, fault)}",
            _ when view.Context.Mode == DmaMode.PassThrough => "it would get through now: the device's requests are not translated",
            _ => $"it would get through now, to {translation.Physical}: mapped since, or the fault came before",
        };
        return report with { Now = DeviceTranslationReport.Of(view, address), WouldFault = would, Verdict = verdict };
    }
}
