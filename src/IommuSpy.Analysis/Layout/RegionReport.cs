using IommuSpy.Linux.Layout;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Layout;

/// <summary>A region of a kernel's virtual memory map.</summary>
/// <param name="Name">What it is: "direct map".</param>
/// <param name="Start">First address in this image.</param>
/// <param name="Last">Last address in this image, inclusive.</param>
/// <param name="DocumentedStart">Where the documentation of this release has it begin; null for what it does not name.</param>
/// <param name="DocumentedLast">Where the documentation has it end, inclusive.</param>
/// <param name="Moved">Whether it is elsewhere than documented.</param>
/// <param name="FoundBy">How the place was found.</param>
/// <param name="MappedBytes">Bytes mapped in it by the kernel's own tables.</param>
/// <param name="ByPageSize">By page size, largest first.</param>
/// <param name="ByRights">By rights, most first.</param>
public sealed record RegionReport(
    string Name,
    VirtualAddress Start,
    VirtualAddress Last,
    VirtualAddress? DocumentedStart,
    VirtualAddress? DocumentedLast,
    bool Moved,
    string FoundBy,
    ulong MappedBytes,
    IReadOnlyList<PageCountReport> ByPageSize,
    IReadOnlyList<RightsBytesReport> ByRights)
{
    internal static RegionReport Of(LayoutRegion region, RegionUse use) => new(
        region.Name, region.Start, region.End, region.Documented?.Start, region.Documented?.End, region.Moved, region.Source, use.Bytes, use.Pages, use.Rights);
}
