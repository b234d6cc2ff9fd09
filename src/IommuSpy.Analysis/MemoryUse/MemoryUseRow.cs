using IommuSpy.Analysis.Frames;

namespace IommuSpy.Analysis.MemoryUse;

/// <summary>A part of memory: all pages that are used for the same.</summary>
/// <param name="Kind">What for.</param>
/// <param name="Part">Whose: a file system, a slab cache, who asked vmalloc, the order of free blocks, a device; null where nothing tells.</param>
/// <param name="Node">The NUMA node; null where no zone has the pages.</param>
/// <param name="Zone">The zone; null likewise.</param>
/// <param name="Pages">How many pages of 4 KiB.</param>
public sealed record MemoryUseRow(PageKind Kind, string? Part, int? Node, string? Zone, ulong Pages);
