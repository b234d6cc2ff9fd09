using IommuSpy.Linux.Iommu;
using IommuSpy.Linux.Pci;
using IommuSpy.Memory;
using IommuSpy.Translation.AmdVi;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Iommu.Faults;

/// <summary>Answers what became of the events of a log on one machine. Interrupt remapping tables are read once, for however many events.</summary>
public sealed class FaultAnswers
{
    private const ulong PagesAllowed = 1UL << 52;
    private const int SystemManagementShift = 40;
    private const int PortShift = 35;
    private const int InterruptControlShift = 60;
    private const ulong TranslationValid = 1UL << 1;
    private const ulong TranslatesItself = 1UL << 32;
    private const ulong IntxAlone = 2;

    private readonly Machine _machine;
    private readonly Lazy<IReadOnlyList<InterruptAnswer>> _interrupts;
    private readonly List<string> _absences = [];

    /// <summary>Answers for a machine.</summary>
    public FaultAnswers(Machine machine)
    {
        _machine = machine;
        _interrupts = new(() => InterruptAnswer.Of(machine, _absences));
    }

    /// <summary>The answer to an event.</summary>
    public FaultReport Of(FaultLine line)
    {
        PciFunction? function = line.Device is RequesterId device ? new DeviceName(device, line.Pasid).FunctionIn(_machine) : null;
        FaultReport report = new()
        {
            Event = line.Event,
            Kind = line.Kind,
            Vendor = IommuUnitAnswer.KindText(line.Vendor),
            Unit = line.Unit,
            Device = line.Device?.ToString(),
            Pasid = line.Pasid,
            Domain = line.Domain,
            Driver = function?.Driver,
            Ids = function is null ? null : $"{function.Vendor:x4}:{function.DeviceId:x4}",
            Iova = line.Address,
            Physical = line.Physical,
            Access = line.IsWrite is bool write ? (write ? "write" : "read") : null,
            Reason = line.Reason,
            EntryThen = line.EntryThen.Count == AmdViDeviceEntry.Words ? FaultEntry.OfAmdVi(null, line.EntryThen) : null,
            Verdict = "",
        };
        if (line.Masked is string masked)
        {
            return report with { Verdict = $"the line is masked ({masked}): what is not in it cannot be looked up, so give the line as the kernel printed it" };
        }

        if (Foreign(line.Vendor) is string foreign)
        {
            return report with { Verdict = foreign };
        }

        return line.Kind switch
        {
            null => report with { IsAnswered = true, Verdict = StatusVerdict(line) },
            FaultKind.Interrupt => OfInterrupt(line, report),
            FaultKind.Command => OfCommand(line, report),
            FaultKind.Hardware or FaultKind.Configuration or FaultKind.DeviceRequest when line.Vendor == IommuKind.SmmuV3 => OfStream(line, report),
            FaultKind.Hardware when line.Physical is not null || line.Vendor == IommuKind.AmdVi => OfHardware(line, report),
            FaultKind.Configuration when line.Vendor == IommuKind.AmdVi => OfEntry(line, report),
            FaultKind.DeviceRequest => OfDeviceRequest(line, report),
            _ => OfAccess(line, report),
        };
    }

    private static string StatusVerdict(FaultLine line) => line.Event.StartsWith("DRHD", StringComparison.Ordinal)
        ? "a status line, which names no request: the lines after it say whose was refused"
        : "an event that no specification known here names: nothing can be said of it";

    // Tables of one vendor say nothing of another's events; where the IOMMU is off now, firmware still describes it.
    private string? Foreign(IommuKind vendor)
    {
        IommuReport iommu = _machine.Parts.Iommu;
        if (iommu.Units.Any(unit => unit.Kind == vendor) || (vendor == IommuKind.VtD ? iommu.Dmar is not null : iommu.Ivrs is not null))
        {
            return null;
        }

        string name = IommuUnitAnswer.KindText(vendor);
        IommuKind? other = iommu.Units.Count > 0 ? iommu.Units[0].Kind
            : iommu.Ivrs is not null ? IommuKind.AmdVi : iommu.Dmar is not null ? IommuKind.VtD : null;
        string has = other is IommuKind kind ? $"has {IommuUnitAnswer.KindText(kind)}" : "has no IOMMU that was found";
        return $"this machine has no {name} ({has}): the line comes from another machine, or from another boot of it";
    }

    private FaultReport OfAccess(FaultLine line, FaultReport report)
    {
        if (line.Device is not RequesterId device)
        {
            return report with { Verdict = "the line names no device" };
        }

        DeviceView? view = DeviceView.Of(_machine, new(device, line.Pasid), out string? problem);
        FaultEntry? entry = view is not null && line.Kind == FaultKind.Configuration ? FaultEntry.OfVtd(view.Context.EntryAddress, view.Context.Entry) : null;
        if (view is null || line.Address is not IoVirtualAddress address)
        {
            return report with { Entry = entry, Verdict = problem ?? "the event has no address to walk" };
        }

        DeviceTranslation translation = view.Context.Translate(address);
        DeviceFault fault = line.IsWrite is bool isWrite ? translation.FaultOf(isWrite) : translation.Fault;
        bool? refused = fault == DeviceFault.TableOutsideImage ? null : fault != DeviceFault.None;
        string verdict = refused switch
        {
            null => $"what would happen now is not known: {DeviceFaultText.Of(translation, fault)}",
            true => $"it would be refused now too: {DeviceFaultText.Of(translation, fault)}",
            _ when view.Context.Mode == DmaMode.PassThrough => "it would get through now: the device's requests are not translated",
            _ => $"it would get through now, to {translation.Physical}: mapped since, or the fault came before",
        };
        if (line.Event == AmdViEvent.RmpPageFault && refused == false)
        {
            // Firmware keeps the reverse map table, where the kernel cannot write.
            refused = null;
            verdict = $"the tables let it through, to {translation.Physical}; whether the reverse map table refuses it still is not known";
        }

        return report with
        {
            Now = DeviceTranslationReport.Of(view, address),
            Entry = entry,
            RefusedNow = refused,
            IsAnswered = refused is not null,
            Verdict = verdict,
        };
    }

    private FaultReport OfInterrupt(FaultLine line, FaultReport report)
    {
        if (line.ReasonNumber == VtdFaultReasons.CompatibilityFormat && line.Vendor == IommuKind.VtD)
        {
            return report with { Verdict = "the request names no entry of the interrupt remapping table, so there is none to look at" };
        }

        IommuUnit? unit = line.Device is RequesterId device ? DeviceView.Of(_machine, new(device, null), out _)?.Unit : null;
        if (line.Vendor == IommuKind.AmdVi)
        {
            return OfAmdInterrupt(line, report);
        }

        IReadOnlyList<IommuUnit> units = unit is not null ? [unit] : [.. _machine.Parts.Iommu.Units.Where(one => one.Kind == line.Vendor)];
        if (units.Count > 0 && units.All(one => one.RemapsInterrupts == false))
        {
            return Through(report, "interrupt remapping is off, so that any device can send any interrupt");
        }

        // Several units have a table each; whose the request went to is known where the device is.
        InterruptAnswer[] entries = [.. _interrupts.Value.Where(entry => unit is null || entry.Unit == unit.Name)];
        if (entries.Length == 0)
        {
            return report with { Verdict = _absences.Count > 0 ? _absences[0] : "no interrupt remapping table is known" };
        }

        if (line.InterruptIndex is not int index)
        {
            return WithoutIndex(report, entries.Count(entry => entry.Device is null || entry.Device == report.Device));
        }

        InterruptAnswer[] named = [.. entries.Where(entry => entry.Index == index)];
        InterruptAnswer? own = named.FirstOrDefault(entry => entry.Device is null || entry.Device == report.Device);
        return own is not null
            ? Through(report with { Interrupt = own }, $"entry {index} of {own.Unit} sends it as vector 0x{own.Vector:x}")
            : named.Length > 0
                ? Refused(report with { Interrupt = named[0] }, $"entry {index} of {named[0].Unit} is for {named[0].Device} alone")
                : Refused(report, $"entry {index} is not present");
    }

    // The message's data names the entry, and no event tells it.
    private FaultReport OfAmdInterrupt(FaultLine line, FaultReport report)
    {
        if (EntryOf(line.Device) is not DeviceContext context)
        {
            return report with { Verdict = NoEntry(line.Device) };
        }

        report = report with { Entry = FaultEntry.OfAmdVi(context.EntryAddress, context.Entry) };
        return AmdViDeviceEntry.InterruptControl(context.Entry) switch
        {
            AmdViInterruptControl.Refused => Refused(report, "the device's entry refuses its interrupts (IntCtl is 0)"),
            AmdViInterruptControl.Reserved => Refused(report, "IntCtl of the device's entry has a reserved value"),
            AmdViInterruptControl.Remapped => WithoutIndex(report, _interrupts.Value.Count(entry => entry.Device == report.Device)),
            AmdViInterruptControl.NotRemapped => Through(report, "the device's entry has no interrupt remapping (IV is 0)"),
            _ => Through(report, "the device's entry forwards interrupts as they are (IntCtl is 1)"),
        };
    }

    private static FaultReport WithoutIndex(FaultReport report, int usable) => usable == 0
        ? Refused(report, $"no entry of the interrupt remapping table is for {report.Device ?? "the device"}")
        : report with
        {
            Verdict = "an interrupt, which no page table has a part in: " +
                $"{(usable == 1 ? "1 entry of the remapping table lets" : $"{usable} entries of the remapping table let")} {report.Device ?? "a device"} " +
                "send one now, and the line does not say which the request named (`interrupts` lists them)",
        };

    private FaultReport OfCommand(FaultLine line, FaultReport report)
    {
        string what = line.Event == AmdViEvent.TlbTimeout
            ? "nothing was refused: the device did not answer in time that it has dropped translations from its own TLB (ATS)"
            : line.Event.StartsWith("DRHD", StringComparison.Ordinal)
                ? "nothing was refused: the unit reports that a command in its invalidation queue failed"
                : "nothing was refused: a command that the kernel gave the IOMMU failed";
        return WithCommand(line, report with { IsAnswered = true }, what);
    }

    private FaultReport OfHardware(FaultLine line, FaultReport report)
    {
        bool isCommand = line.Event.StartsWith("COMMAND", StringComparison.Ordinal);
        string thing = isCommand ? "a command"
            : line.Event.StartsWith("DEV", StringComparison.Ordinal) ? "its device table"
            : line.Event.StartsWith("PAGE", StringComparison.Ordinal) ? "a page table" : "memory";
        string where = isCommand || line.Physical is not PhysicalAddress physical ? ""
            : $" at {physical}{(_machine.Kernel.Memory.Contains(physical) ? "" : ", where this machine has no memory")}";
        string what = $"nothing was refused by tables: the IOMMU could not access {thing}{where}";
        report = report with { IsAnswered = true };
        return isCommand ? WithCommand(line, report, what) : report with { Verdict = what };
    }

    private FaultReport WithCommand(FaultLine line, FaultReport report, string what)
    {
        PhysicalMemory memory = _machine.Kernel.Memory;
        if (line.Physical is not PhysicalAddress at || !memory.TryRead(at, out ulong first) || !memory.TryRead(new(at.Value + sizeof(ulong)), out ulong second))
        {
            bool isOutside = line.Physical is PhysicalAddress named && !memory.Contains(named);
            return report with { Verdict = isOutside ? $"{what}; its address {line.Physical} is in no memory of this machine" : what };
        }

        string name = AmdViEvent.Command((int)(first >> 60)) is string known ? $"a {known} command" : "no command that is known";
        return report with { Command = [new(first), new(second)], Verdict = $"{what}; at {at} stands now {name}, which may be a later one" };
    }

    // What the stream table says of the device now.
    private FaultReport OfStream(FaultLine line, FaultReport report)
    {
        if (line.Device is not RequesterId device)
        {
            return report with { Verdict = "the lines name no device" };
        }

        return DeviceView.Of(_machine, new(device, line.Pasid), out string? problem) is not DeviceView view ? report with { Verdict = problem! }
            : view.Context.Problem is string why ? Refused(report, why)
            : report with
            {
                RefusedNow = false,
                IsAnswered = true,
                Verdict = "its stream table entry and context descriptor hold nothing now that the SMMU refuses: they were changed since, or could not be read",
            };
    }

    private FaultReport OfEntry(FaultLine line, FaultReport report)
    {
        if (EntryOf(line.Device) is not DeviceContext context)
        {
            return report with { Verdict = NoEntry(line.Device) };
        }

        FaultEntry entry = FaultEntry.OfAmdVi(context.EntryAddress, context.Entry);
        report = report with { Entry = entry, IsAnswered = true };
        return line.Event != AmdViEvent.IllegalEntry
            ? report with
            {
                RefusedNow = context.Mode is DmaMode.Blocked or DmaMode.Invalid,
                Verdict = context.Problem is string blocked
                    ? $"its requests would be refused now too: {blocked}"
                    : "the device has a domain now: its entry lets requests through or translates them",
            }
            : context.Mode == DmaMode.Invalid || entry.Reserved.Count > 0
                ? Refused(report, context.Problem ?? string.Join(", ", entry.Reserved))
                : report with
                {
                    Verdict = "the entry holds nothing now that is reserved in every revision: it was changed since, " +
                        "or a field that is set needs what the IOMMU has not enabled",
                    RefusedNow = false,
                };
    }

    private FaultReport OfDeviceRequest(FaultLine line, FaultReport report)
    {
        if (EntryOf(line.Device) is not DeviceContext context)
        {
            return report with { Verdict = NoEntry(line.Device) };
        }

        IReadOnlyList<ulong> words = context.Entry;
        report = report with { Entry = FaultEntry.OfAmdVi(context.EntryAddress, words) };
        FaultReport Answer(bool refused, string why) => refused
            ? Refused(report, why)
            : report with { RefusedNow = false, IsAnswered = true, Verdict = $"it would not be this event now: {why}" };
        if (line.Event == AmdViEvent.InvalidPageRequest)
        {
            return (words[0] & PagesAllowed) == 0
                ? Answer(true, "the device's entry allows no page requests (PPR is 0)")
                : report with { Verdict = "the device's entry allows page requests now (PPR is 1); whether this one was well-formed is not known" };
        }

        if (line.ReasonNumber is not int flags)
        {
            return report with { Verdict = "the line has no flags, which would say what was wrong" };
        }

        bool isValid = (words[0] & 1) != 0;
        bool translates = (words[1] & TranslatesItself) != 0;
        ulong management = words[1] >> SystemManagementShift & 3;
        ulong port = words[1] >> PortShift & 3;
        AmdViInterruptControl interrupts = AmdViDeviceEntry.InterruptControl(words);
        return (AmdViEvent.IsTranslationRequest(flags), AmdViEvent.Type(flags)) switch
        {
            (true, 0) or (false, 1) when !isValid => Answer(true, "the device's entry is not valid (V is 0)"),
            (true, 0) or (false, 1) => Answer(!translates, translates ? "the device may translate (I is 1)" : "the device may not translate itself (I is 0)"),
            (true, _) => Answer(true, "no device may ask for that"),
            (_, 2) => Answer(port == 0, $"IoCtl of the device's entry is {port}"),
            (_, 3) when management == IntxAlone => report with
            {
                Verdict = "SysMgt of the device's entry is 2, which lets INTx messages through alone; what the message was, the line does not say",
            },
            (_, 3) => Answer(management == 0, $"SysMgt of the device's entry is {management}"),
            (_, 5) when interrupts == AmdViInterruptControl.NotRemapped => Answer(false, "the device's entry says nothing of interrupts (IV is 0)"),
            (_, 5) => Answer(interrupts == AmdViInterruptControl.Refused, $"IntCtl of the device's entry is {words[2] >> InterruptControlShift & 3}"),
            (_, 7) => Answer((words[0] & TranslationValid) == 0, $"TV of the device's entry is {words[0] >> 1 & 1}"),
            _ => Answer(true, "no device may do that, whatever its entry says"),
        };
    }

    // Whether or not the kernel knows the device: interrupts of IOAPICs, and faults of aliases, come from requesters that are no PCI function.
    private DeviceContext? EntryOf(RequesterId? device) =>
        device is RequesterId requester && _machine.Parts.Iommu.ContextOf(requester) is { } found && found.Context.Entry.Count == AmdViDeviceEntry.Words
            ? found.Context
            : null;

    private static FaultReport Refused(FaultReport report, string why) =>
        report with { RefusedNow = true, IsAnswered = true, Verdict = $"it would be refused now too: {why}" };

    private static FaultReport Through(FaultReport report, string why) =>
        report with { RefusedNow = false, IsAnswered = true, Verdict = $"it would get through now: {why}" };

    private static string NoEntry(RequesterId? device) => device is null ? "the line names no device" : $"the image has no device table entry of {device}";
}
