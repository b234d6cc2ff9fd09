namespace IommuSpy.Memory;

/// <summary>One way to read a file as physical memory.</summary>
/// <param name="Memory">The memory, read so.</param>
/// <param name="Description">The way, in words: "RAM split at 0x80000000, the rest from 4 GiB".</param>
public sealed record MemoryLayout(PhysicalMemory Memory, string Description);
