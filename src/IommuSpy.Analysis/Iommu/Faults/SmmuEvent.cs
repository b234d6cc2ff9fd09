using System.Globalization;
using System.Text.RegularExpressions;
using IommuSpy.Linux.Iommu;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Iommu.Faults;

/// <summary>
/// Events of the SMMUv3 (IHI 0070, 7.3), as Linux prints them (drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3.c): a line and the record's four words, each on a
/// line; since 6.14 also two lines in words.
/// </summary>
internal static partial class SmmuEvent
{
    private const int RecordWords = 4;
    private const int RegexMilliseconds = 1000;
    private const RegexOptions Options = RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase;

    private const ulong HasSubstream = 1UL << 11;
    private const ulong IsRead = 1UL << 35;
    private const int MostSubstream = (1 << 20) - 1;

    private static readonly Dictionary<int, (string Name, FaultKind? Kind)> Known = new()
    {
        [0x01] = ("F_UUT", FaultKind.DeviceRequest),
        [0x02] = ("C_BAD_STREAMID", FaultKind.Configuration),
        [0x03] = ("F_STE_FETCH", FaultKind.Hardware),
        [0x04] = ("C_BAD_STE", FaultKind.Configuration),
        [0x05] = ("F_BAD_ATS_TREQ", FaultKind.DeviceRequest),
        [0x06] = ("F_STREAM_DISABLED", FaultKind.Configuration),
        [0x07] = ("F_TRANSL_FORBIDDEN", FaultKind.DeviceRequest),
        [0x08] = ("C_BAD_SUBSTREAMID", FaultKind.Configuration),
        [0x09] = ("F_CD_FETCH", FaultKind.Hardware),
        [0x0a] = ("C_BAD_CD", FaultKind.Configuration),
        [0x0b] = ("F_WALK_EABT", FaultKind.Hardware),
        [0x10] = ("F_TRANSLATION", FaultKind.Translation),
        [0x11] = ("F_ADDR_SIZE", FaultKind.Translation),
        [0x12] = ("F_ACCESS", FaultKind.Translation),
        [0x13] = ("F_PERMISSION", FaultKind.Translation),
        [0x20] = ("F_TLB_CONFLICT", null),
        [0x21] = ("F_CFG_CONFLICT", null),
        [0x24] = ("E_PAGE_REQUEST", FaultKind.DeviceRequest),
        [0x25] = ("F_VMS_FETCH", FaultKind.Hardware),
    };

    private static readonly Dictionary<string, string> Meanings = new(StringComparer.Ordinal)
    {
        ["C_BAD_STREAMID"] = "the stream is beyond the stream table, or its part of it is not there",
        ["C_BAD_STE"] = "the stream table entry is not valid, or holds what hardware refuses",
        ["F_STREAM_DISABLED"] = "the entry refuses requests without PASID",
        ["C_BAD_SUBSTREAMID"] = "the PASID is beyond the context descriptors",
        ["C_BAD_CD"] = "the context descriptor is not valid, or holds what hardware refuses",
        ["F_TRANSLATION"] = "no entry maps the address",
        ["F_ADDR_SIZE"] = "an entry leads beyond the output size",
        ["F_ACCESS"] = "an entry's access flag is clear",
        ["F_PERMISSION"] = "the entry does not permit it",
    };

    /// <summary>The event that a line begins; null where it begins none.</summary>
    public static FaultLine? Begun(string text)
    {
        if (Received().Match(text) is { Success: true } received)
        {
            int id = int.Parse(received.Groups["id"].ValueSpan, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            return Of(id) with { Unit = received.Groups["unit"].Value };
        }

        return InWords().Match(text) is { Success: true } words ? WithWords(null, words) : null;
    }

    /// <summary>An event with what a later line of it adds; null where the line adds nothing.</summary>
    public static FaultLine? Joined(FaultLine held, string text)
    {
        if (held.Vendor != IommuKind.SmmuV3)
        {
            return null;
        }

        if (held.Record.Count < RecordWords && Word().Match(text) is { Success: true } word && held.Unit == word.Groups["unit"].Value)
        {
            ulong value = ulong.Parse(word.Groups["word"].ValueSpan, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            FaultLine longer = held with { Record = [.. held.Record, value] };
            return longer.Record.Count < RecordWords ? longer : Decoded(longer);
        }

        if (held.Record.Count == RecordWords && InWords().Match(text) is { Success: true } words && words.Groups["event"].Value == held.Event
            && Number(words, "sid") == held.Record[0] >> 32)
        {
            return WithWords(held, words);
        }

        return Access().Match(text) is { Success: true } access && held.IsWrite is null
            ? held with { IsWrite = access.Groups["access"].Value.Equals("write", StringComparison.OrdinalIgnoreCase) }
            : null;
    }

    private static FaultLine Of(int id)
    {
        (string name, FaultKind? kind) = Known.GetValueOrDefault(id, (string.Create(CultureInfo.InvariantCulture, $"UNKNOWN event 0x{id:x2}"), null));
        return new() { Vendor = IommuKind.SmmuV3, Event = name, Kind = kind, Reason = Meanings.GetValueOrDefault(name) };
    }

    private static FaultLine Decoded(FaultLine line)
    {
        IReadOnlyList<ulong> record = line.Record;
        bool isAccess = line.Kind == FaultKind.Translation;
        ulong stream = record[0] >> 32;
        return line with
        {
            Device = stream <= ushort.MaxValue ? new(0, (ushort)stream) : null,
            Pasid = (record[0] & HasSubstream) != 0 ? (int)(record[0] >> 12) & MostSubstream : null,
            Address = isAccess ? new(record[2]) : null,
            IsWrite = isAccess ? (record[1] & IsRead) == 0 : null,
        };
    }

    private static FaultLine WithWords(FaultLine? held, Match words)
    {
        string name = words.Groups["event"].Value;
        FaultLine line = held ?? (Known.Values.Any(known => known.Name == name) ? Of(Known.First(pair => pair.Value.Name == name).Key)
            : new() { Vendor = IommuKind.SmmuV3, Event = name, Kind = null });
        ulong? stream = Number(words, "sid");
        ulong? substream = Number(words, "ssid");
        return line with
        {
            Unit = held?.Unit ?? words.Groups["unit"].Value,
            Device = RequesterId.TryParse(words.Groups["client"].ValueSpan, out RequesterId client) ? client
                : stream is ulong number and <= ushort.MaxValue ? new(0, (ushort)number) : line.Device,
            Pasid = line.Pasid ?? (substream is ulong pasid and > 0 and <= MostSubstream ? (int)pasid : null),
            Address = line.Address ?? (line.Kind == FaultKind.Translation && Number(words, "iova") is ulong address ? new(address) : null),
        };
    }

    private static ulong? Number(Match match, string group) =>
        ulong.TryParse(match.Groups[group].ValueSpan, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong number) ? number : null;

    [GeneratedRegex(@"arm-smmu-v3 (?<unit>\S+): event 0x(?<id>[0-9a-f]{1,2}) received:", Options, matchTimeoutMilliseconds: RegexMilliseconds)]
    private static partial Regex Received();

    [GeneratedRegex(@"arm-smmu-v3 (?<unit>\S+):\s+0x(?<word>[0-9a-f]{16})\s*$", Options, matchTimeoutMilliseconds: RegexMilliseconds)]
    private static partial Regex Word();

    [GeneratedRegex(
        @"arm-smmu-v3 (?<unit>\S+): event: (?<event>[A-Z_]+) client: (?<client>\(unassigned sid\)|\S+) sid: 0x(?<sid>[0-9a-f]{1,8}) "
            + "ssid: 0x(?<ssid>[0-9a-f]{1,5})( iova: 0x(?<iova>[0-9a-f]{1,16}))?",
        Options, matchTimeoutMilliseconds: RegexMilliseconds)]
    private static partial Regex InWords();

    [GeneratedRegex(@"arm-smmu-v3 \S+: (un)?priv (data|inst) (?<access>read|write) s[12] ", Options, matchTimeoutMilliseconds: RegexMilliseconds)]
    private static partial Regex Access();
}
