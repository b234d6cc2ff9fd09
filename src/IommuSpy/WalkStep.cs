namespace IommuSpy;

/// <summary>One page-table entry that a walk has read.</summary>
/// <param name="Level">5 or 4 at the top, 1 for the entry of a 4 KiB page.</param>
/// <param name="Index">Which entry of its table, from 0.</param>
/// <param name="EntryAddress">The physical address where it stands.</param>
/// <param name="Entry">Its 64 bits.</param>
/// <param name="Flags">What is set in it: of a CPU's entry flags by the manual's names, of an IOMMU's what it lets through; empty for one that is not
/// present.</param>
public sealed record WalkStep(int Level, int Index, ulong EntryAddress, ulong Entry, IReadOnlyList<string> Flags);
