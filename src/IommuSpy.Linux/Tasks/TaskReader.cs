using IommuSpy.Linux.Objects;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Tasks;

/// <summary>Reads single tasks, and believes of each what can be verified.</summary>
internal sealed class TaskReader
{
    // PF_KTHREAD (include/linux/sched.h), the same since 2.6.27.
    private const ulong KernelThreadFlag = 0x0020_0000;

    // PID_MAX_LIMIT (include/linux/threads.h).
    private const ulong MaxPid = 1 << 22;

    // TTBR0_EL1 has no lower bits.
    private const int LeastTableBytes = 64;

    private readonly KernelObjects _objects;
    private readonly HashSet<PhysicalAddress>? _roots;

    public TaskReader(KernelObjects objects)
    {
        _objects = objects;
        Fields = new(objects.Types);
        _roots = objects.Kernel.ProcessTables is { } tables ? [.. tables] : null;
    }

    public TaskFields Fields { get; }

    /// <summary>The task at an address; null where what is there is none.</summary>
    public KernelTask? Read(VirtualAddress address)
    {
        if (_objects.Read(address, Fields.Pid) is not (ulong pid and > 0 and <= MaxPid))
        {
            return null;
        }

        // Without tgid every task is taken for a process: a description that lacks it knows of no other threads either.
        ulong tgid = Fields.Tgid is null ? pid : _objects.Read(address, Fields.Tgid) ?? 0;
        if (tgid is 0 or > MaxPid)
        {
            return null;
        }

        VirtualAddress? mm = _objects.Pointer(address, Fields.Mm);
        char? state = State(address);
        bool ended = state is 'Z' or 'X';
        bool kernelThread = _objects.Read(address, Fields.Flags) is ulong flags ? (flags & KernelThreadFlag) != 0 : mm is null && !ended;
        (PhysicalAddress? root, string? problem) = kernelThread || mm is null ? (null, null) : Root(mm.Value);
        return new(
            address,
            (int)pid,
            (int)tgid,
            _objects.Text(address, Fields.Comm),
            Parent(address),
            Uid(address),
            kernelThread,
            state,
            kernelThread ? null : mm,
            root,
            problem);
    }

    private char? State(VirtualAddress task) =>
        _objects.Read(task, Fields.State) is ulong state ? TaskState.Letter(state, _objects.Read(task, Fields.ExitState) ?? 0) : null;

    private int? Parent(VirtualAddress task) =>
        _objects.Pointer(task, Fields.Parent) is VirtualAddress parent && _objects.Read(parent, Fields.Tgid) is (ulong pid and <= MaxPid) ? (int)pid : null;

    private uint? Uid(VirtualAddress task) =>
        _objects.Pointer(task, Fields.Credentials) is VirtualAddress credentials && _objects.Read(credentials, Fields.Uid) is ulong uid ? (uint)uid : null;

    private ulong TopTableAlignment => (ulong)Math.Clamp(_objects.Kernel.Mode.TopEntries * sizeof(ulong), LeastTableBytes, PageFrame.Size);

    /// <summary>mm->pgd as a physical address, where it is a top-level table in use.</summary>
    public (PhysicalAddress? Root, string? Problem) Root(VirtualAddress mm)
    {
        if (_objects.Pointer(mm, Fields.Pgd) is not VirtualAddress pgd)
        {
            return (null, $"its mm_struct {mm} has no readable pgd");
        }

        if (!_objects.Kernel.Space.TryTranslate(pgd, out PhysicalAddress root) || root.Value % TopTableAlignment != 0)
        {
            return (null, $"its pgd {pgd} is no {(TopTableAlignment < PageFrame.Size ? "table" : "page")} of the kernel's");
        }

        return _roots?.Contains(root) == false ? (null, $"its pgd, at physical {root}, is not on the kernel's list of top-level tables in use") : (root, null);
    }
}
