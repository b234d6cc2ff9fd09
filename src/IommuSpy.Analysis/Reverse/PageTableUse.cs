using IommuSpy.Memory;

namespace IommuSpy.Analysis.Reverse;

/// <summary>A page table that lives in a page frame.</summary>
/// <param name="Space">Which of the map's spaces it belongs to; of a table that several share, the first.</param>
/// <param name="Level">Its level: 1 is a PT, 4 or 5 a top-level table.</param>
/// <param name="First">First virtual address that it translates.</param>
internal readonly record struct PageTableUse(int Space, int Level, VirtualAddress First);
