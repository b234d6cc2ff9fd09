using System.Globalization;
using IommuSpy.Linux.Layout;

namespace IommuSpy.Linux.Architecture.Arm64;

/// <summary>
/// The arm64 virtual memory map, release by release (Documentation/arch/arm64/memory.rst; arch/arm64/include/asm/memory.h and pgtable.h have the rules for
/// every size of pages and width of addresses).
/// </summary>
internal static class Arm64Layouts
{
    private const ulong MiB = 1UL << 20;
    private const ulong GiB = 1UL << 30;
    private const int StructPageShift = 6;

    /// <summary>Pages of 4 KiB: what Debian's kernels have.</summary>
    private const int SmallPageShift = 12;

    private static readonly Era[] Eras = [Era.Since54, Era.Since511, Era.Since65, Era.Since69];

    private enum Era
    {
        /// <summary>The linear map moved below; 128 MiB for programs of bpf, then modules, then vmalloc space from the image's linked place on.</summary>
        Since54,

        /// <summary>vmemmap at a power of two from the top (8c96400d6a39); PCI I/O and the fixmap below it.</summary>
        Since511,

        /// <summary>Modules have 2 GiB (3e35d303ab7d).</summary>
        Since65,

        /// <summary>vmemmap ends 1 GiB below the top; PCI I/O and the fixmap above it (b730b0f2b1fc, 32697ff38287).</summary>
        Since69,
    }

    /// <summary>Every documented map of 4 KiB pages, oldest first: 48 bits, 39 bits, and 52 bits since there are any.</summary>
    public static IReadOnlyList<DocumentedLayout> All { get; } =
    [
        .. Eras.SelectMany(era => era == Era.Since69
            ? (DocumentedLayout[])[Of(era, SmallPageShift, 48, 48), Of(era, SmallPageShift, 39, 39), Of(era, SmallPageShift, 52, 48)]
            : [Of(era, SmallPageShift, 48, 48), Of(era, SmallPageShift, 39, 39)]),
    ];

    /// <summary>The map of a release with 4 KiB pages.</summary>
    /// <param name="release">"6.1.0-56-arm64".</param>
    /// <param name="levels">3, 4, or 5.</param>
    /// <returns>Null for a text that does not begin with a version, and where there was no such depth.</returns>
    public static DocumentedLayout? For(string release, int levels) =>
        levels is 3 or 4 or 5 ? For(release, SmallPageShift, HalfBits(levels), levels == 5 ? 48 : HalfBits(levels)) : null;

    /// <summary>The map of the newest release with 4 KiB pages.</summary>
    /// <param name="levels">3, 4, or 5.</param>
    public static DocumentedLayout Newest(int levels) =>
        Of(Era.Since69, SmallPageShift, HalfBits(levels), levels == 5 ? 48 : HalfBits(levels));

    /// <summary>The map of a release.</summary>
    /// <param name="release">"6.1.0-56-arm64".</param>
    /// <param name="pageShift">log2 of a page's bytes.</param>
    /// <param name="halfBits">Bits of an address in each half.</param>
    /// <param name="leastBits">Those that a kernel of this width can also run with: VA_BITS_MIN.</param>
    /// <returns>Null for a text that does not begin with a version, for releases before 5.4, and where there was no such width.</returns>
    public static DocumentedLayout? For(string release, int pageShift, int halfBits, int leastBits)
    {
        int[] parts =
            [.. release.Split('.', '-', '+', '_').Take(2)
                .Select(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : -1)];
        if (parts is not [>= 0, _])
        {
            return null;
        }

        Version version = new(parts[0], Math.Max(parts[1], 0));
        Era? era = version >= new Version(6, 9) ? Era.Since69
            : version >= new Version(6, 5) ? Era.Since65
            : version >= new Version(5, 11) ? Era.Since511
            : version >= new Version(5, 4) ? Era.Since54 : null;
        return era is not Era known || (halfBits == 52 && pageShift != 16 && known != Era.Since69) ? null : Of(known, pageShift, halfBits, leastBits);
    }

    private static int HalfBits(int levels) => levels switch
    {
        5 => 52,
        3 => 39,
        _ => 48,
    };

    private static DocumentedLayout Of(Era era, int pageShift, int halfBits, int leastBits)
    {
        ulong linear = ulong.MaxValue << halfBits;
        ulong linearEnd = ulong.MaxValue << (leastBits - 1);
        ulong bpf = era == Era.Since54 ? 128 * MiB : 0;
        ulong modules = linearEnd + bpf;
        ulong vmalloc = modules + (era >= Era.Since65 ? 2 * GiB : 128 * MiB);
        ulong vmemmapBytes = (linearEnd - linear) >> (pageShift - StructPageShift);
        ulong vmemmap = era switch
        {
            Era.Since54 => unchecked(0 - vmemmapBytes) - (2 * MiB),
            Era.Since69 => unchecked(0 - GiB) - vmemmapBytes,
            _ => ulong.MaxValue << (halfBits - pageShift + StructPageShift),
        };
        ulong pciIo = era switch
        {
            Era.Since54 => vmemmap - (2 * MiB) - (16 * MiB),
            Era.Since69 => vmemmap + vmemmapBytes + (8 * MiB),
            _ => vmemmap - (8 * MiB) - (16 * MiB),
        };
        ulong fixmapEnd = era switch
        {
            Era.Since54 => pciIo - (2 * MiB),
            Era.Since69 => unchecked(0 - (8 * MiB)),
            _ => vmemmap - (32 * MiB),
        };
        ulong vmallocEnd = era switch
        {
            Era.Since54 => unchecked(0 - GiB) - vmemmapBytes - (64UL << 10),
            Era.Since69 => vmemmap - (8 * MiB),
            _ => vmemmap - (256 * MiB),
        };
        List<DocumentedRegion> rows =
        [
            Row(RegionKind.UserSpace, 0, (1UL << halfBits) - 1, "user space, different per mm"),
            Row(RegionKind.NonCanonical, 1UL << halfBits, linear - 1, "no address: the bits above are not all alike"),
            Row(RegionKind.DirectMap, linear, linearEnd - 1, "linear map of all physical memory"),
            Row(RegionKind.Modules, modules, vmalloc - 1, "modules"),
            Row(RegionKind.Vmalloc, vmalloc, vmallocEnd - 1, "vmalloc/ioremap space, the kernel's image in it"),
            Row(RegionKind.Fixmap, fixmapEnd - (8 * MiB), fixmapEnd - 1, "fixed mappings, up to the top"),
            Row(RegionKind.PciIo, pciIo, pciIo + (16 * MiB) - 1, "PCI I/O space"),
            Row(RegionKind.Vmemmap, vmemmap, unchecked(vmemmap + vmemmapBytes - 1), "virtual memory map (struct page)"),
        ];
        if (bpf > 0)
        {
            rows.Add(Row(RegionKind.Modules, linearEnd, modules - 1, "programs of bpf (until 5.17 and its like)"));
        }

        string kernels = era switch
        {
            Era.Since54 => "5.4 - 5.10",
            Era.Since511 => "5.11 - 6.4",
            Era.Since65 => "6.5 - 6.8",
            _ => "6.9 and later",
        };
        int levels = (halfBits - 4) / (pageShift - 3);
        return new(
            "arm64", kernels, levels, era < Era.Since65 ? "Documentation/arm64/memory.rst" : "Documentation/arch/arm64/memory.rst",
            [.. rows.OrderBy(row => row.Start)]);
    }

    private static DocumentedRegion Row(RegionKind kind, ulong start, ulong end, string name) => new(kind, new(start), new(end), name);
}
