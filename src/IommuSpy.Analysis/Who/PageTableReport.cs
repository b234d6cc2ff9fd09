using IommuSpy.Memory;

namespace IommuSpy.Analysis.Who;

/// <summary>A page table that lives in a page.</summary>
/// <param name="Root">Top table of the space that it belongs to; null for the kernel's half.</param>
/// <param name="Level">Its level: 1 is a PT, 4 or 5 a top-level table.</param>
/// <param name="Table">What the manual calls a table of that level: "PT".</param>
/// <param name="Virtual">First virtual address that it translates.</param>
public sealed record PageTableReport(PhysicalAddress? Root, int Level, string Table, VirtualAddress Virtual);
