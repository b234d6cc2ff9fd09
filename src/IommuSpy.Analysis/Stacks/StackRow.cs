using IommuSpy.Linux.Stacks;

namespace IommuSpy.Analysis.Stacks;

/// <summary>The kernel stack of a task or of a CPU.</summary>
/// <param name="Pids">The task's number; of a group, those of all tasks with the same stack. Empty of a CPU.</param>
/// <param name="Names">Their names.</param>
/// <param name="Cpu">The CPU; null of a task.</param>
/// <param name="State">The task's state, as ps prints it.</param>
/// <param name="Trace">The stack.</param>
public sealed record StackRow(IReadOnlyList<long> Pids, IReadOnlyList<string> Names, int? Cpu, char? State, StackTrace Trace);
