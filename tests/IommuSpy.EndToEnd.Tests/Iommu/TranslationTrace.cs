using System.Globalization;
using System.Text.RegularExpressions;
using IommuSpy.Translation.Devices;
using Capture = IommuSpy.Lab.Capture;

namespace IommuSpy.EndToEnd.Tests.Iommu;

/// <summary>
/// QEMU's own translations: of each device and page the last one, with what QEMU read for it, as far as no invalidation came after it. What was invalidated may
/// have been mapped anew without the device having used it since.
/// </summary>
internal sealed partial class TranslationTrace
{
    private const ulong PageMask = ~0xfffUL;

    private readonly Dictionary<(ushort Device, ulong Page), (ulong Value, int? Domain)> _last = [];

    public TranslationTrace(Capture capture)
    {
        foreach (string line in File.ReadLines(capture.Oracle("iova-trace.txt")))
        {
            if (VtdUpdate().Match(line) is { Success: true } vtd)
            {
                Events++;
                _last[((ushort)Hex(vtd, "sid"), Hex(vtd, "iova") & PageMask)] = (Hex(vtd, "value"), (int)Hex(vtd, "domain"));
            }
            else if (AmdResult().Match(line) is { Success: true } amd)
            {
                Events++;
                ushort device = (ushort)((Hex(amd, "bus") << 8) | (Hex(amd, "device") << 3) | Hex(amd, "function"));
                _last[(device, Hex(amd, "iova") & PageMask)] = (Hex(amd, "value"), null);
            }
            else if (Invalidated().Match(line) is { Success: true } invalidated)
            {
                int? domain = invalidated.Groups["domain"].Success ? (int)Hex(invalidated, "domain") : null;
                foreach ((ushort, ulong) key in _last.Where(entry => domain is null || entry.Value.Domain is null || entry.Value.Domain == domain)
                    .Select(entry => entry.Key).ToArray())
                {
                    _last.Remove(key);
                }
            }
        }
    }

    /// <summary>Translations in all.</summary>
    public int Events { get; }

    /// <summary>The last ones: VT-d's with the leaf entry, AMD-Vi's with the physical address of the page.</summary>
    public IEnumerable<(RequesterId Device, ulong Page, ulong Value)> Last =>
        _last.Select(entry => (new RequesterId(0, entry.Key.Device), entry.Key.Page, entry.Value.Value));

    private static ulong Hex(Match match, string group) => ulong.Parse(match.Groups[group].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    [GeneratedRegex("^vtd_iotlb_page_update .* sid 0x(?<sid>[0-9a-f]+) iova 0x(?<iova>[0-9a-f]+) slpte 0x(?<value>[0-9a-f]+) domain 0x(?<domain>[0-9a-f]+)",
        RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex VtdUpdate();

    [GeneratedRegex(
        "^amdvi_translation_result devid: (?<bus>[0-9a-f]+):(?<device>[0-9a-f]+).(?<function>[0-9a-f]) gpa 0x(?<iova>[0-9a-f]+) hpa 0x(?<value>[0-9a-f]+)",
        RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex AmdResult();

    [GeneratedRegex("^(vtd_inv_desc_iotlb_global|vtd_inv_desc_iotlb_.* domain 0x(?<domain>[0-9a-f]+)|amdvi_pages_inval|amdvi_all_inval)",
        RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Invalidated();
}
