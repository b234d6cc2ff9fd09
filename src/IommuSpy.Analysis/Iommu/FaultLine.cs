using System.Globalization;
using System.Text.RegularExpressions;
using IommuSpy.Memory;
using IommuSpy.Translation.Devices;
using IommuSpy.Translation.VtD;

namespace IommuSpy.Analysis.Iommu;

/// <summary>A line in which Linux reports that an IOMMU refused a request.</summary>
/// <param name="Event">What happened, in the kernel's words: "DMA Write", "INTR-REMAP", "IO_PAGE_FAULT".</param>
/// <param name="Device">Whose request it was; null where the line does not say.</param>
/// <param name="Pasid">With which PASID; null for none.</param>
/// <param name="Address">The address; null where the event has none.</param>
/// <param name="IsWrite">Whether it was a write; null where the line does not say.</param>
/// <param name="ReasonNumber">VT-d's fault reason, or AMD-Vi's flags.</param>
/// <param name="Reason">The reason, in the kernel's words or by the flags.</param>
/// <param name="Domain">AMD-Vi's domain ID; null where the line has none.</param>
/// <param name="InterruptIndex">Of VT-d's INTR-REMAP, which entry of the interrupt remapping table the request named; null for others.</param>
public sealed partial record FaultLine(
    string Event, RequesterId? Device, int? Pasid, IoVirtualAddress? Address, bool? IsWrite, int? ReasonNumber, string? Reason, int? Domain, int? InterruptIndex = null)
{
    // AMD 48882, 2.5.3: flags of an event, as Linux prints them from bit 20 of its second quadword's upper half on.
    private const int FlagInterrupt = 1 << 3;
    private const int FlagPresent = 1 << 4;
    private const int FlagWrite = 1 << 5;
    private const int FlagPermission = 1 << 6;
    private const int FlagReserved = 1 << 7;
    private const int FlagTranslation = 1 << 8;

    /// <summary>Reads a line of the kernel's log, as any release from 3.16 on prints it; what stands before and after is no matter.</summary>
    /// <returns>Null where it is no such line.</returns>
    public static FaultLine? Parse(string line)
    {
        Match vtd = Vtd().Match(line);
        if (vtd.Success)
        {
            return OfVtd(vtd);
        }

        Match amd = Amd().Match(line);
        return amd.Success ? OfAmd(line, amd) : null;
    }

    private static FaultLine OfVtd(Match match)
    {
        string happened = match.Groups["event"].Value;
        bool isInterrupt = happened.StartsWith("INTR", StringComparison.OrdinalIgnoreCase);
        int? pasid = Number(match.Groups["pasid"]) is ulong number and < (1 << 20) ? (int)number : null;
        ulong? address = Number(match.Groups["address"]);
        int? reason = NumberOfReason(match.Groups["number"]);
        string text = match.Groups["reason"].Value.Trim();
        bool? write = happened.Contains("Write", StringComparison.OrdinalIgnoreCase) ? true : happened.Contains("Read", StringComparison.OrdinalIgnoreCase) ? false : null;
        return new(
            happened, Requester(match.Groups["device"].Value), pasid, address is ulong at && !isInterrupt ? new(at) : null, write, reason,
            text.Length > 0 ? text : reason is int known ? VtdFaultReasons.Text(known) : null, null, isInterrupt && address is ulong index and < VtdInterruptTable.MostEntries ? (int)index : null);
    }

    private static FaultLine OfAmd(string line, Match match)
    {
        string fields = match.Groups["fields"].Value;
        string? Field(string name) => Fields().Matches(fields).FirstOrDefault(field => field.Groups["name"].Value == name)?.Groups["value"].Value;
        RequesterId? device = Field("device") is string named ? Requester(named) : DeviceBefore(line, match.Index);
        int? flags = Field("flags") is string text ? (int?)Hex(text) : null;
        ulong? address = Field("address") is string at ? Hex(at) : null;
        int? pasid = Field("pasid") is string number && Hex(number) is ulong value and > 0 ? (int)value : null;
        int? domain = Field("domain") is string id ? (int?)Hex(id) : null;
        string happened = match.Groups["event"].Value;
        bool isPage = happened == "IO_PAGE_FAULT";
        return new(
            happened, device, pasid, address is ulong to ? new(to) : null, isPage && flags is int known ? (known & FlagWrite) != 0 : null, flags, isPage && flags is int bits ? FlagText(bits) : null, domain);
    }

    private static string FlagText(int flags)
    {
        List<string> parts =
        [
            (flags & FlagInterrupt) != 0 ? "an interrupt request" : (flags & FlagTranslation) != 0 ? "a translation request" : (flags & FlagWrite) != 0 ? "a write" : "a read",
            (flags & FlagPresent) != 0 ? "to a page that is present" : "to a page that is not present",
        ];
        if ((flags & FlagPermission) != 0)
        {
            parts.Add("without permission");
        }

        if ((flags & FlagReserved) != 0)
        {
            parts.Add("with reserved bits set");
        }

        return string.Join(' ', parts);
    }

    // Newer kernels name the device as for every message of it: "nvme 0000:01:00.0: AMD-Vi: Event logged [...]".
    private static RequesterId? DeviceBefore(string line, int end) => NamedDevice().Matches(line[..end]).LastOrDefault() is { } match ? Requester(match.Value) : null;

    private static RequesterId? Requester(string text) => RequesterId.TryParse(text.Replace("0x", "", StringComparison.OrdinalIgnoreCase).Trim(), out RequesterId requester) ? requester : null;

    private static ulong? Number(Group group) => group.Success ? Hex(group.Value) : null;

    // Printed with %02d before 5.13, and with 0x%02x since.
    private static int? NumberOfReason(Group group) => group.Value.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? (int?)Hex(group.Value)
        : int.TryParse(group.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out int reason) ? reason : null;

    // All others are hexadecimal, with 0x or without it.
    private static ulong? Hex(string text) =>
        ulong.TryParse(text.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? text.AsSpan(2) : text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong value) ? value : null;

    // To 4.1: "dmar: DMAR:[DMA Write] Request device [02:00.0] fault addr ffdb9000" or "dmar: INTR-REMAP: Request device [[f0:1f.0] fault index 0" and, on a line of its own,
    // "DMAR:[fault reason 05] PTE Write access is not set" or "INTR-REMAP:[fault reason 37] ...". From 4.2 on one line. 5.12: "PASID ffffffff" before the address.
    // 5.13: "[DMA Write NO_PASID] Request device [0x02:0x00.0] fault addr 0xffdb9000 [fault reason 0x05] ..."; soon after, the device without 0x again.
    [GeneratedRegex(
        @"(\[(?<event>DMA (Read|Write)|INTR-REMAP)( (NO_PASID|PASID (?<pasid>0x[0-9a-f]+)))?\]|(?<event>INTR-REMAP):) Request device \[\[?(?<device>[0-9a-fx:.]+)\]( PASID (?<pasid>(0x)?[0-9a-f]+))?( fault (addr|index) (?<address>(0x)?[0-9a-f]+))?(\s+((DMAR|INTR-REMAP):\s?)?\[fault reason (?<number>(0x)?[0-9a-f]+)\](?<reason>[^\r\n]*))?",
        RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Vtd();

    [GeneratedRegex(@"Event logged \[(?<event>[A-Z_0-9]+)(?<fields>[^\]]*)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Amd();

    [GeneratedRegex(@"(?<name>[a-z]+)=(?<value>[0-9a-fx:.]+)", RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Fields();

    [GeneratedRegex(@"\b[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\b", RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NamedDevice();
}
