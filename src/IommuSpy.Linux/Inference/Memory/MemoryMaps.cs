namespace IommuSpy.Linux.Inference.Memory;

/// <summary>What describes the memory of processes: every mm_struct.</summary>
/// <param name="TaskOf">Each mm of a process, and a task that has it.</param>
/// <param name="RootAt">mm_struct.pgd.</param>
internal sealed record MemoryMaps(Dictionary<ulong, ulong> TaskOf, int RootAt)
{
    /// <summary>mm_struct takes 0.8 to 1.5 KiB without the masks of CPUs behind it.</summary>
    public const int MostBytes = 4096;

    /// <summary>Every mm.</summary>
    public List<ulong> All { get; } = [.. TaskOf.Keys];

    /// <summary>More than which no mm_struct has: the least distance between two of them.</summary>
    public int Bytes { get; } = FieldSearch.LeastDistance(TaskOf.Keys, MostBytes);
}
