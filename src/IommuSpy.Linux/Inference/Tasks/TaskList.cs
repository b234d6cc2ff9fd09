namespace IommuSpy.Linux.Inference.Tasks;

/// <summary>The list of processes.</summary>
/// <param name="InitTask">Where init_task is.</param>
/// <param name="Leaders">Every task on the list, init_task first.</param>
/// <param name="Bytes">More than which no task_struct has: the least distance between two of them.</param>
/// <param name="LinkAt">Where the list's link is.</param>
internal sealed record TaskList(ulong InitTask, List<ulong> Leaders, int Bytes, int LinkAt);
