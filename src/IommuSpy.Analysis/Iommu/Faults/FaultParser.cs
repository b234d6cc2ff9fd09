using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using IommuSpy.Linux.Iommu;
using IommuSpy.Memory;
using IommuSpy.Translation.Devices;
using IommuSpy.Translation.VtD;

namespace IommuSpy.Analysis.Iommu.Faults;

/// <summary>
/// Reads one line of a log. The spellings: Linux 3.4 to 7.2 (drivers/iommu/dmar.c and intel/dmar.c: dmar_fault_do_one, dmar_fault, qi_check_fault;
/// amd_iommu.c and amd/iommu.c: iommu_print_event and what reports page faults),
/// Xen (drivers/passthrough/vtd/iommu.c: iommu_page_fault_do_one; amd/iommu_init.c: parse_event_log_entry).
/// </summary>
internal static partial class FaultParser
{
    private const int RegexMilliseconds = 1000;
    private const RegexOptions Options = RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase;
    private const int MostPasid = (1 << 20) - 1;

    // VT-d's fault status register (11.4.9.1): faults are pending or lost; the invalidation queue failed.
    private const int StatusQueueErrors = 0x70;

    // On Intel the interrupt's address names the entry, where bit 4 says that it is in remappable format (VT-d 5.1.2.2).
    private const ulong RemappableFormat = 1UL << 4;

    private static readonly SearchValues<string> Signs = SearchValues.Create(
        [
            "DMAR", "AMD-Vi", "arm-smmu-v3", "INTR-REMAP", "VT-D", "iommu_fault", "Event logged", "fault reason",
            "_ERROR", "_FAULT", "_REQUEST", "IOTLB_INV_TIMEOUT", "ILLEGAL_DEV", "flags=", "address=", "domain=",
        ],
        StringComparison.OrdinalIgnoreCase);

    /// <summary>A line without colour codes, and with spaces for control, format and private characters.</summary>
    public static string Clean(string line)
    {
        string plain = Colour().Replace(line, "");
        StringBuilder text = new(plain.Length);
        foreach (char c in plain)
        {
            UnicodeCategory category = char.GetUnicodeCategory(c);
            text.Append(category is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.Surrogate ? ' ' : c);
        }

        return text.ToString();
    }

    /// <summary>Whether a line may be of an IOMMU at all: the quick question, for logs of millions of lines.</summary>
    public static bool MayMatter(string text) => text.AsSpan().ContainsAny(Signs);

    /// <summary>The event that a line reports; null where it reports none by itself.</summary>
    public static FaultLine? Event(string text)
    {
        if (Vtd().Match(text) is { Success: true } vtd)
        {
            return OfVtd(text, vtd);
        }

        if (OldXen().Match(text) is { Success: true } old)
        {
            int? number = (int?)Hex(old.Groups["number"].Value);
            string happened = old.Groups["event"].Value;
            FaultLine line = new() { Vendor = IommuKind.VtD, Event = happened, Kind = FaultKind.Translation, IsWrite = WriteOf(happened) };
            return WithVtdReason(WithAddress(line, old.Groups["device"].Value, old.Groups["address"].Value), number, null);
        }

        if (QueueError().Match(text) is { Success: true } queue)
        {
            return OfQueueError(queue);
        }

        if (Status().Match(text) is { Success: true } status && Hex(status.Groups["status"].Value) is ulong register and <= uint.MaxValue)
        {
            return new()
            {
                Vendor = IommuKind.VtD,
                Event = "DRHD fault status",
                Kind = ((int)register & StatusQueueErrors) != 0 ? FaultKind.Command : null,
                ReasonNumber = (int)register,
                Reason = StatusText((int)register),
            };
        }

        return SmmuEvent.Begun(text) ?? OfAmd(text);
    }

    /// <summary>An event with what a later line adds to it: the reason, or the device table entry; null where the line adds nothing.</summary>
    public static FaultLine? Joined(FaultLine held, string text)
    {
        if (held.Vendor == IommuKind.VtD && held.ReasonNumber is null && Reason(text) is (int number, string words))
        {
            return WithVtdReason(held, number, words);
        }

        if (held.Vendor != IommuKind.AmdVi)
        {
            return null;
        }

        if (EntryWord().Match(text) is { Success: true } entry && Hex(entry.Groups["value"].Value) is ulong word
            && int.Parse(entry.Groups["index"].ValueSpan, CultureInfo.InvariantCulture) == held.EntryThen.Count)
        {
            return held with { EntryThen = [.. held.EntryThen, word] };
        }

        // What is not attached to a domain is named below, without a bracket.
        bool isRest = IsFields(text) || (held is { Kind: FaultKind.Configuration, Device: null } && Fields().IsMatch(text) && !AmdName().IsMatch(text));
        return isRest && held.Address is null && held.Physical is null && held.Masked is null ? WithFields(held, "", text) : null;
    }

    /// <summary>Whether a line has nothing but the fields of an AMD-Vi event, whose name stands on another.</summary>
    public static bool IsFields(string text) =>
        Fields().IsMatch(text) && text.TrimEnd().EndsWith(']') && !text.Contains("Event logged", StringComparison.Ordinal);

    /// <summary>An event with the fields of the line that its other half stands on; null where the event needs none.</summary>
    public static FaultLine? WithFields(FaultLine read, string text, string fields)
    {
        string known = (read.Device is RequesterId device ? $"device={device} " : "") + (read.Domain is int domain ? $"domain=0x{domain:x} " : "");
        return read is { Vendor: IommuKind.AmdVi, Address: null, Physical: null, Masked: null }
            ? OfAmdFields(read.Event, read.Unit, read.Device, $"{known}{text} {fields}")
            : null;
    }

    private static FaultLine OfVtd(string text, Match match)
    {
        string happened = match.Groups["event"].Value;
        bool isInterrupt = happened.StartsWith("INTR", StringComparison.OrdinalIgnoreCase);
        FaultLine line = new()
        {
            Vendor = IommuKind.VtD,
            Event = happened,
            Kind = isInterrupt ? FaultKind.Interrupt : FaultKind.Translation,
            Unit = UnitBefore(text, match.Index),
            Pasid = Hex(match.Groups["pasid"].Value) is ulong pasid and <= MostPasid ? (int)pasid : null,
            IsWrite = WriteOf(happened),
        };
        string address = match.Groups["address"].Value;
        if (isInterrupt)
        {
            line = WithAddress(line, match.Groups["device"].Value, "");
            line = Hex(address) is ulong number ? line with { InterruptIndex = number < VtdInterruptTable.MostEntries ? (int)number : null }
                : address.Length > 0 ? Masked(line, "index", address) : line;
        }
        else
        {
            line = WithAddress(line, match.Groups["device"].Value, address);
            if (line is { IsWrite: true, Pasid: null, Address: IoVirtualAddress at } && IoAddressSpace.IsInterruptAddress(at))
            {
                int index = (int)((at.Value >> 5 & 0x7fff) | (at.Value >> 2 & 1) << 15);
                line = line with { Kind = FaultKind.Interrupt, InterruptIndex = (at.Value & RemappableFormat) != 0 ? index : null };
            }
        }

        return Reason(text[(match.Index + match.Length)..]) is (int reason, string words) ? WithVtdReason(line, reason, words) : line;
    }

    private static FaultLine WithVtdReason(FaultLine line, int? number, string? words) => line with
    {
        ReasonNumber = number,
        Reason = string.IsNullOrWhiteSpace(words) ? number is int known ? VtdFaultReasons.Text(known) : null : words.Trim(),
        Kind = line.Kind == FaultKind.Translation && number is int reason ? VtdFaultReasons.Kind(reason) : line.Kind,
    };

    private static (int Number, string Words)? Reason(string text)
    {
        if (LinuxReason().Match(text) is { Success: true } linux)
        {
            // Linux prints decimal before 5.13 and 0x since; Xen before 4.5 prints hexadecimal and h.
            string number = linux.Groups["number"].Value;
            bool isHex = number.StartsWith("0x", StringComparison.OrdinalIgnoreCase) || linux.Groups["h"].Success;
            int? value = isHex ? (int?)Hex(number) : int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int reason) ? reason : null;
            return value is int known ? (known, linux.Groups["words"].Value) : null;
        }

        return XenReason().Match(text) is { Success: true } xen && Hex(xen.Groups["number"].Value) is ulong of ? ((int)of, xen.Groups["words"].Value) : null;
    }

    private static FaultLine OfQueueError(Match match)
    {
        ulong? number = Hex(match.Groups["number"].Value);
        bool isSource = match.Groups["what"].Value == "SID";
        return new()
        {
            Vendor = IommuKind.VtD,
            Event = match.Groups["event"].Value,
            Kind = FaultKind.Command,
            Device = isSource && number is ulong source and > 0 and <= ushort.MaxValue ? new(0, (ushort)source) : null,
            ReasonNumber = !isSource && number is ulong reason and <= int.MaxValue ? (int)reason : null,
        };
    }

    private static FaultLine? OfAmd(string text)
    {
        Match match = AmdName().Match(text);
        bool isLinux = text.Contains("Event logged", StringComparison.OrdinalIgnoreCase);
        if (!match.Success)
        {
            return OfUnnamedAmd(text, isLinux);
        }

        // A name alone may be anybody's prose.
        string name = match.Groups["event"].Value.ToUpperInvariant();
        string rest = text[(match.Index + match.Length)..];
        string? unit = UnitBefore(text, match.Index);
        if (XenPageFault().Match(rest) is { Success: true } xen)
        {
            int? domain = int.TryParse(xen.Groups["domain"].ValueSpan, CultureInfo.InvariantCulture, out int number) ? number : null;
            string device = xen.Groups["device"].Success ? xen.Groups["device"].Value : XenDevice(xen.Groups["id"].Value);
            FaultLine line = new() { Vendor = IommuKind.AmdVi, Event = name, Domain = domain };
            return WithFlags(WithAmdAddress(line, device, xen.Groups["address"].Value), xen.Groups["flags"].Value);
        }

        if (XenCommand().Match(rest) is { Success: true } command)
        {
            return WithAmdAddress(new() { Vendor = IommuKind.AmdVi, Event = name, Kind = AmdViEvent.Kind(name) }, "", command.Groups["address"].Value);
        }

        if (Raw().Match(rest) is { Success: true } raw)
        {
            return OfRaw(raw, name);
        }

        if (!isLinux && !Fields().IsMatch(rest))
        {
            return null;
        }

        // Page faults alone are reported as the device's own message: "nvme 0000:01:00.0: AMD-Vi: Event logged [...]".
        RequesterId? speaker = name is AmdViEvent.PageFault || name.StartsWith("RMP", StringComparison.Ordinal) ? DeviceBefore(text, match.Index) : null;
        return OfAmdFields(name, unit, speaker, rest);
    }

    private static FaultLine? OfUnnamedAmd(string text, bool isLinux)
    {
        if (AmdTimeout().Match(text) is { Success: true } timeout)
        {
            return new() { Vendor = IommuKind.AmdVi, Event = timeout.Groups["event"].Value, Kind = FaultKind.Command, Unit = UnitBefore(text, timeout.Index) };
        }

        return !isLinux ? null
            : text.Contains("not attached to domain", StringComparison.OrdinalIgnoreCase)
                ? new() { Vendor = IommuKind.AmdVi, Event = "Device not attached to domain properly", Kind = FaultKind.Configuration }
                : AmdUnknown().Match(text) is { Success: true } unknown ? OfRaw(unknown) : null;
    }

    private static FaultLine OfAmdFields(string name, string? unit, RequesterId? speaker, string text)
    {
        Dictionary<string, string> fields = [];
        foreach (Match field in Fields().Matches(text))
        {
            fields.TryAdd(field.Groups["name"].Value.ToLowerInvariant(), field.Groups["value"].Value);
        }

        FaultLine line = new()
        {
            Vendor = IommuKind.AmdVi,
            Event = name,
            Kind = AmdViEvent.Kind(name) ?? (name.StartsWith("Device not", StringComparison.Ordinal) ? FaultKind.Configuration : null),
            Unit = unit,
            Device = speaker,
            Pasid = Hex(fields.GetValueOrDefault("pasid", "")) is ulong pasid and > 0 and <= MostPasid && name != "PAGE_TAB_HARDWARE_ERROR" ? (int)pasid : null,
            Domain = Hex(fields.GetValueOrDefault("domain", "")) is ulong domain and <= ushort.MaxValue ? (int)domain : null,
        };
        string address = fields.GetValueOrDefault("address") ?? fields.GetValueOrDefault("gpa") ?? fields.GetValueOrDefault("spa") ?? "";
        return WithFlags(WithAmdAddress(line, fields.GetValueOrDefault("device", ""), address), fields.GetValueOrDefault("flags", ""));
    }

    // The event as hardware wrote it (AMD 48882, 2.5): Linux prints it of events that it does not know, Xen of most.
    private static FaultLine OfRaw(Match match, string? named = null)
    {
        ulong[] words = [.. Enumerable.Range(0, 4).Select(i => Hex(match.Groups[$"w{i}"].Value) ?? 0)];
        int code = (int)(words[1] >> 28);
        string name = named ?? AmdViEvent.Name(code) ?? $"UNKNOWN event 0x{code:x}";
        bool hasDevice = AmdViEvent.Kind(name) is not null && !name.Contains("COMMAND", StringComparison.Ordinal);
        RequesterId? device = hasDevice ? new RequesterId(0, (ushort)words[0]) : null;
        FaultLine line = new() { Vendor = IommuKind.AmdVi, Event = name, Kind = AmdViEvent.Kind(name), Device = device };
        string address = string.Create(CultureInfo.InvariantCulture, $"0x{(words[3] << 32) | words[2]:x}");
        return WithFlags(WithAmdAddress(line, "", address), string.Create(CultureInfo.InvariantCulture, $"0x{words[1] >> 16 & 0xfff:x}"));
    }

    private static FaultLine WithAmdAddress(FaultLine line, string device, string address)
    {
        FaultLine read = WithAddress(line, device, address);

        // Of commands, and of tables that could not be read, it is a physical address.
        return AmdViEvent.Kind(line.Event) is FaultKind.Command or FaultKind.Hardware && read.Address is IoVirtualAddress at
            ? read with { Address = null, Physical = new(at.Value) }
            : read;
    }

    private static FaultLine WithFlags(FaultLine line, string text)
    {
        FaultKind? kind = line.Kind ?? AmdViEvent.Kind(line.Event);
        if (Hex(text) is not ulong value || value > int.MaxValue)
        {
            return IsInterruptOfAmd(line, null) ? line with { Kind = FaultKind.Interrupt, IsWrite = true } : line with { Kind = kind };
        }

        // Of an interrupt, RW means nothing: it is always a write (AMD 48882, 2.5.3).
        int flags = (int)value;
        bool isInterrupt = IsInterruptOfAmd(line, flags);
        return line with
        {
            Kind = isInterrupt ? FaultKind.Interrupt : kind,
            ReasonNumber = flags,
            IsWrite = isInterrupt ? true : AmdViEvent.IsWrite(line.Event, flags),
            Reason = AmdViEvent.Reason(line.Event, flags),
        };
    }

    // By the flag, or as a write to where interrupts go; where there are no flags, nothing else is asked of those addresses.
    private static bool IsInterruptOfAmd(FaultLine line, int? flags)
    {
        bool isThere = line.Address is IoVirtualAddress at && (IoAddressSpace.IsInterruptAddress(at) || AmdViEvent.IsInterruptAddress(at.Value));
        bool isInterrupt = flags is int said ? AmdViEvent.IsInterrupt(said) || (isThere && AmdViEvent.IsWrite(line.Event, said) == true) : isThere;
        return isInterrupt && line.Event == AmdViEvent.PageFault && line.Pasid is null;
    }

    private static FaultLine WithAddress(FaultLine line, string device, string address)
    {
        RequesterId? requester = Requester(device);
        FaultLine read = requester is not null ? line with { Device = requester } : device.Length > 0 ? Masked(line, "device", device) : line;
        return Hex(address) is ulong value ? read with { Address = new(value) } : address.Length > 0 ? Masked(read, "address", address) : read;
    }

    private static FaultLine Masked(FaultLine line, string what, string text) =>
        line with { Masked = $"{(line.Masked is string before ? before + ", " : "")}{what} {text}" };

    private static bool? WriteOf(string happened) =>
        happened.Contains("Write", StringComparison.OrdinalIgnoreCase) ? true : happened.Contains("Read", StringComparison.OrdinalIgnoreCase) ? false : null;

    private static string? StatusText(int status)
    {
        string[] names =
        [
            "faults were lost", "a fault is pending", "advanced faults were lost", "an advanced fault is pending",
            "invalidation queue error", "invalidation completion error", "invalidation time-out",
        ];
        string[] set = [.. names.Where((_, bit) => (status >> bit & 1) != 0)];
        return set.Length > 0 ? string.Join(", ", set) : null;
    }

    private static string? UnitBefore(string text, int end) => UnitName().Matches(text[..end]).LastOrDefault()?.Value.ToLowerInvariant();

    private static RequesterId? DeviceBefore(string text, int end) =>
        NamedDevice().Matches(text[..end]).LastOrDefault() is { } match ? Requester(match.Value) : null;

    private static string XenDevice(string id) => Hex(id) is ulong value and <= ushort.MaxValue ? new RequesterId(0, (ushort)value).ToString() : id;

    // "02:00.0", "0000:02:00.0", "0x02:0x00.0", and Xen's "0:1d.1".
    private static RequesterId? Requester(string text)
    {
        Match match = Bdf().Match(text);
        string Part(string name, int digits) => match.Groups[name].Value.PadLeft(digits, '0');
        string full = $"{Part("segment", 4)}:{Part("bus", 2)}:{Part("device", 2)}.{Part("function", 1)}";
        return match.Success && RequesterId.TryParse(full, out RequesterId requester) ? requester : null;
    }

    // Hexadecimal, with 0x or without it.
    private static ulong? Hex(string text)
    {
        ReadOnlySpan<char> digits = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? text.AsSpan(2) : text;
        return ulong.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong value) ? value : null;
    }

    // Escape sequences, and as rsyslog and journald write the escape character.
    [GeneratedRegex(@"(\x1b|#033|\\x1b|\\033|\\u001b)\[[0-9;?]*[a-z]", Options, RegexMilliseconds)]
    private static partial Regex Colour();

    [GeneratedRegex(
        @"(\[(?<event>DMA [a-z]+|INTR-REMAP)(\s+(NO_PASID|PASID\s+(?<pasid>[0-9a-fx]+)))?\]|(?<event>INTR-REMAP|UNKNOWN):)" +
        @"\s*Request device\s*\[{1,2}(?<device>[^\]\s]*)\]" +
        @"(\s*PASID (?<pasid>[0-9a-fx]+))?(\s*fault (addr|index)\s*(?!\[fault reason)(?<address>\[[^\]]*\]|<[^>]*>|[^\s,\]]+))?",
        Options, RegexMilliseconds)]
    private static partial Regex Vtd();

    [GeneratedRegex(
        @"iommu_fault:\s*(?<event>DMA (Read|Write)):\s*(?<device>[^\s]+) addr (?<address>[^\s]+) REASON (?<number>[0-9a-fx]+)",
        Options, RegexMilliseconds)]
    private static partial Regex OldXen();

    [GeneratedRegex(@"\[fault reason\s*(?<number>(0x)?[0-9a-f]+?)(?<h>h)?\](?<words>.*)", Options, RegexMilliseconds)]
    private static partial Regex LinuxReason();

    [GeneratedRegex(@"\b(DMAR|INTR-REMAP|UNKNOWN): reason (?<number>[0-9a-f]{2}) -(?<words>.*)", Options, RegexMilliseconds)]
    private static partial Regex XenReason();

    [GeneratedRegex(
        @"(DMAR|VT-D|iommu_fault_status).*?(?<event>Invalidation (Queue|Completion|Time-out) Error)(:\s*(?<what>Reason|SID)\s*(?<number>[0-9a-fx]+))?",
        Options, RegexMilliseconds)]
    private static partial Regex QueueError();

    [GeneratedRegex(@"DRHD: handling fault status reg (?<status>[0-9a-fx]+)", Options, RegexMilliseconds)]
    private static partial Regex Status();

    [GeneratedRegex(
        @"\b(?<event>ILLEGAL_DEV_TABLE_ENTRY|IO_PAGE_FAULT|DEV_TAB(LE)?_(HARDWARE|HW)_ERROR|PAGE_TAB(LE)?_(HARDWARE|HW)_ERROR|" +
        @"ILLEGAL_COMMAND_ERROR|COMMAND_(HARDWARE|HW)_ERROR|IOTLB_INV_TIMEOUT|INVALID_DEV(ICE)?_REQUEST|" +
        @"INVALID_PPR_REQUEST|RMP_(HARDWARE|HW)_ERROR|RMP_PAGE_FAULT)\b",
        Options, RegexMilliseconds)]
    private static partial Regex AmdName();

    [GeneratedRegex(@"AMD-Vi:.*(?<event>Completion-Wait loop timed out)", Options, RegexMilliseconds)]
    private static partial Regex AmdTimeout();

    [GeneratedRegex(
        @"UNKNOWN event\[0\]=(?<w0>0x[0-9a-f]+) event\[1\]=(?<w1>0x[0-9a-f]+) event\[2\]=(?<w2>0x[0-9a-f]+) event\[3\]=(?<w3>0x[0-9a-f]+)",
        Options, RegexMilliseconds)]
    private static partial Regex AmdUnknown();

    [GeneratedRegex(@"^:?\s+(?<w0>[0-9a-f]{8}) (?<w1>[0-9a-f]{8}) (?<w2>[0-9a-f]{8}) (?<w3>[0-9a-f]{8})\b", Options, RegexMilliseconds)]
    private static partial Regex Raw();

    [GeneratedRegex(
        @"^:\s*(domain\s*=\s*(?<domain>[0-9]+), device id\s*=\s*(?<id>[^\s,]+), fault address\s*=\s*(?<address>[^\s,]+)(, flags\s*=\s*(?<flags>[0-9a-fx]+))?|" +
        @"(?<device>[^\s]+) d(?<domain>[0-9]+) addr (?<address>[^\s]+) flags (?<flags>[0-9a-fx]+))",
        Options, RegexMilliseconds)]
    private static partial Regex XenPageFault();

    [GeneratedRegex(@"^ at (?<address>[^\s]+) \(ring", Options, RegexMilliseconds)]
    private static partial Regex XenCommand();

    [GeneratedRegex(
        @"\b(?<name>device|domain|pasid|address|flags|gpa|spa|vmg_tag|flags_rmp|tag)=(?<value>\[[^\]]*\]|<[^>]*>|[^\s,\]]+)",
        Options, RegexMilliseconds)]
    private static partial Regex Fields();

    [GeneratedRegex(@"\bDTE\[(?<index>[0-3])\]:\s*(?<value>[0-9a-f]{16})\b", Options, RegexMilliseconds)]
    private static partial Regex EntryWord();

    [GeneratedRegex(@"\b(ivhd|dmar)[0-9]+\b", Options, RegexMilliseconds)]
    private static partial Regex UnitName();

    [GeneratedRegex(@"\b[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\b", Options, RegexMilliseconds)]
    private static partial Regex NamedDevice();

    [GeneratedRegex(
        @"^((0x)?(?<segment>[0-9a-f]{1,4}):)?(0x)?(?<bus>[0-9a-f]{1,2}):(0x)?(?<device>[0-9a-f]{1,2})\.(?<function>[0-7])$",
        Options, RegexMilliseconds)]
    private static partial Regex Bdf();
}
