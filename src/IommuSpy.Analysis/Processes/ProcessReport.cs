using IommuSpy.Linux.Tasks;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Processes;

/// <summary>A process, a kernel thread, or a thread. Null is a stated absence.</summary>
/// <param name="Pid">Its number; of a thread, the thread's own.</param>
/// <param name="Tgid">The number of its process.</param>
/// <param name="Comm">Its name.</param>
/// <param name="Parent">The pid of its parent; 0 for what has none.</param>
/// <param name="Uid">The real user.</param>
/// <param name="State">R, S, D, T, t, X, Z, P or I, as ps prints it.</param>
/// <param name="KernelThread">Whether it runs kernel code alone.</param>
/// <param name="RootTable">Its top-level page table: what CR3 holds while it runs in the kernel.</param>
/// <param name="ResidentPages">Pages of 4 KiB that it has in memory, by the kernel's counters (what VmRSS of /proc/PID/status says), or by the page tables
/// where those are not described; 0 for what has no user memory.</param>
/// <param name="Task">Where its task_struct is.</param>
/// <param name="Mm">Where its mm_struct is.</param>
/// <param name="Depth">How many ancestors it has in the list; 0 where the list is no tree.</param>
public sealed record ProcessReport(
    int Pid,
    int Tgid,
    string? Comm,
    int? Parent,
    uint? Uid,
    char? State,
    bool KernelThread,
    PhysicalAddress? RootTable,
    ulong? ResidentPages,
    VirtualAddress Task,
    VirtualAddress? Mm,
    int Depth)
{
    /// <summary>When it began, in seconds since boot; null where that is not described.</summary>
    public double? StartedSeconds { get; init; }

    /// <summary>The same as a time of day; null where the kernel's clock cannot be read.</summary>
    public DateTimeOffset? Started { get; init; }

    /// <summary>Its command line; null of a kernel thread, and where it cannot be read, as where it is swapped out.</summary>
    public IReadOnlyList<string>? Arguments { get; init; }

    /// <summary>Its environment, where that was asked for; null likewise.</summary>
    public IReadOnlyList<string>? Environment { get; init; }

    /// <summary>The number of the CPU that it runs on, or ran on last; null where that is not described.</summary>
    public int? Cpu { get; init; }

    /// <summary>Its control groups, a line for each hierarchy as in /proc/PID/cgroup; empty where they cannot be read.</summary>
    public IReadOnlyList<string> ControlGroups { get; init; } = [];

    /// <summary>Its namespaces, as /proc/PID/ns names them; empty where they cannot be read.</summary>
    public IReadOnlyList<string> Namespaces { get; init; } = [];

    /// <summary>Those of its namespaces that the first process is not in: what a container has for itself.</summary>
    public IReadOnlyList<string> OwnNamespaces { get; init; } = [];

    internal static ProcessReport Of(KernelTask task, ulong? residentPages, int depth) => new(
        task.Pid, task.Tgid, task.Comm, task.Parent, task.Uid, task.State, task.IsKernelThread, task.Root, residentPages, task.Address, task.Mm, depth);
}
