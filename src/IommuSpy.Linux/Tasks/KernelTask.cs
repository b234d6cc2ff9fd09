using IommuSpy.Memory;

namespace IommuSpy.Linux.Tasks;

/// <summary>A task: a process's thread, or a kernel thread (include/linux/sched.h, struct task_struct). Null is a stated absence.</summary>
/// <param name="Address">Where its task_struct is.</param>
/// <param name="Pid">Its number: what gettid() returns.</param>
/// <param name="Tgid">The number of its process: that of the first of its threads, what getpid() returns.</param>
/// <param name="Comm">Its name, at most 15 bytes; null where it cannot be read.</param>
/// <param name="Parent">The process that is told when it ends; 0 for init and kthreadd, which have none.</param>
/// <param name="Uid">The real user that it works for; null where this description of types lacks credentials.</param>
/// <param name="IsKernelThread">Whether it runs kernel code alone.</param>
/// <param name="State">R, S, D, T, t, X, Z, P or I, as ps prints it; null where this description of types lacks it.</param>
/// <param name="Mm">Its mm_struct; null for a kernel thread, and for a process that has ended.</param>
/// <param name="Root">Its top-level page table: the kernel half under page-table isolation. Null without mm, and where <paramref name="Problem"/> says
/// why.</param>
/// <param name="Problem">What of it could not be read or contradicts itself; null where nothing does.</param>
public sealed record KernelTask(
    VirtualAddress Address,
    int Pid,
    int Tgid,
    string? Comm,
    int? Parent,
    uint? Uid,
    bool IsKernelThread,
    char? State,
    VirtualAddress? Mm,
    PhysicalAddress? Root,
    string? Problem)
{
    /// <summary>Whether it is the first thread of its process, for which the process is named.</summary>
    public bool IsLeader => Pid == Tgid;

    /// <summary>"workload[173]".</summary>
    public override string ToString() => $"{Comm ?? "?"}[{Pid}]";
}
