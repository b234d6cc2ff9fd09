namespace IommuSpy.Linux.Inference.Tasks;

/// <summary>Every task: processes and their threads.</summary>
/// <param name="InitTask">Where init_task is.</param>
/// <param name="Leaders">Every task of the list of processes, init_task first.</param>
/// <param name="OtherThreads">Every task that is a thread of another, by its leader; leaders with no other thread are left out.</param>
/// <param name="Bytes">More than which no task_struct has: the least distance between two of them.</param>
internal sealed record TaskSet(ulong InitTask, List<ulong> Leaders, Dictionary<ulong, List<ulong>> OtherThreads, int Bytes)
{
    /// <summary>All of them, init_task first, the leaders before the threads.</summary>
    public List<ulong> All { get; } = [.. Leaders, .. OtherThreads.Values.SelectMany(others => others)];
}
