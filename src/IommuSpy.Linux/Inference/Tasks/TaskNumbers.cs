namespace IommuSpy.Linux.Inference.Tasks;

/// <summary>Where a task keeps its numbers.</summary>
/// <param name="PidAt">task_struct.pid.</param>
/// <param name="TgidAt">task_struct.tgid.</param>
internal sealed record TaskNumbers(int PidAt, int TgidAt);
