namespace IommuSpy;

/// <summary>A run of physical memory.</summary>
/// <param name="Start">The physical address of its first byte.</param>
/// <param name="End">The physical address after its last.</param>
public sealed record MemoryRange(ulong Start, ulong End);
