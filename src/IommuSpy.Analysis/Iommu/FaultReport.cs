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
/// <param name="Interrupt">Of an interrupt, the entry that it names, as it stands now; null where it is not in use, or not known.</param>
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
    InterruptAnswer? Interrupt,
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
            line.Reason, null, null, null, problem ?? "the event has no address to walk");
        if (line.Event.StartsWith("INTR", StringComparison.OrdinalIgnoreCase))
        {
            return OfInterrupt(machine, line, view, report);
        }

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

    private static FaultReport OfInterrupt(Machine machine, FaultLine line, DeviceView? view, FaultReport report)
    {
        if (line.InterruptIndex is not int index || line.ReasonNumber == VtdFaultReasons.CompatibilityFormat)
        {
            return report with { Verdict = "the request names no entry of the interrupt remapping table, so there is none to look at" };
        }

        List<string> absences = [];
        // Several units have a table each; whose the request went to is known where the device is.
        InterruptAnswer[] entries = [.. InterruptAnswer.Of(machine, absences).Where(entry => view?.Unit is null || entry.Unit == view.Unit.Name)];
        InterruptAnswer[] named = [.. entries.Where(entry => entry.Index == index)];
        InterruptAnswer? own = named.FirstOrDefault(entry => entry.Source is null || entry.Source == report.Device);
        if (own is not null)
        {
            return report with { Interrupt = own, WouldFault = false, Verdict = $"it would get through now: entry {index} of {own.Unit} sends it as vector 0x{own.Vector:x}" };
        }

        if (entries.Length == 0)
        {
            return report with { Verdict = absences.Count > 0 ? absences[0] : "no interrupt remapping table is known" };
        }

        return named.Length > 0
            ? report with { Interrupt = named[0], WouldFault = true, Verdict = $"it would be refused now too: entry {index} of {named[0].Unit} is for {named[0].Source} alone" }
            : report with { WouldFault = true, Verdict = $"it would be refused now too: entry {index} is not present" };
    }
}
