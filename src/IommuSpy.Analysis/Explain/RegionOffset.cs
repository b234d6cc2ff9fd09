using IommuSpy.Analysis.Wording;
using IommuSpy.Linux;
using IommuSpy.Linux.Layout;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Explain;

/// <summary>A region and how far into it an address is.</summary>
/// <param name="Name">The region: "vmalloc".</param>
/// <param name="Start">Its first address.</param>
/// <param name="Last">Its last address, inclusive.</param>
/// <param name="Offset">Bytes from its start.</param>
/// <param name="DocumentedStart">Where the documentation has it begin; null for what it does not name.</param>
/// <param name="Kind">What the region is for.</param>
/// <param name="Elsewhere">What other releases of Linux document at the address, where that is something else: "the direct map (3.x - 4.7)"; null for
/// nothing else.</param>
public sealed record RegionOffset(string Name, VirtualAddress Start, VirtualAddress Last, HexValue Offset, VirtualAddress? DocumentedStart, RegionKind Kind,
    string? Elsewhere)
{
    /// <summary>An address of a kernel in its region.</summary>
    internal static RegionOffset Of(LinuxKernel kernel, VirtualAddress address, LayoutRegion region)
    {
        string[] others =
        [
            .. kernel.Architecture.DocumentedLayouts.Where(layout => layout.Levels == kernel.Mode.Levels)
                .SelectMany(layout => layout.Regions.Where(row => row.Contains(address) && row.Kind != region.Kind && row.Kind != RegionKind.Hole)
                    .Select(row => (row.Name, layout.Kernels)))
                .GroupBy(row => row.Name, row => row.Kernels, StringComparer.Ordinal)
                .Select(rows => $"{rows.Key} (Linux {string.Join(" and ", rows)})"),
        ];
        return new(region.Name, region.Start, region.End, new(address - region.Start), region.Documented?.Start, region.Kind,
            others.Length > 0 ? string.Join("; ", others) : null);
    }
}
