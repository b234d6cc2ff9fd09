using IommuSpy.Linux.Types;

namespace IommuSpy.Linux.Tasks;

/// <summary>What is read of task_struct and of what it points at, with the names that other releases have for it.</summary>
internal sealed class TaskFields
{
    public TaskFields(KernelTypes types)
    {
        StructType task = types.Struct("task_struct");
        Tasks = task.Field("tasks");
        Pid = task.Field("pid");
        Tgid = task.Find("tgid");
        Comm = task.Field("comm");
        Mm = task.Field("mm");
        Flags = task.Find("flags");

        // volatile long state before 5.14 (2f064a59a11f).
        State = task.Find("__state", "state");
        ExitState = task.Find("exit_state");
        Parent = task.Find("real_parent");
        Credentials = task.Find("real_cred", "cred");
        Uid = types.FindField("cred", "uid");
        Signal = task.Find("signal");
        ThreadNode = task.Find("thread_node");
        ThreadHead = types.FindField("signal_struct", "thread_head");

        // Gone with 6.7 (8e1f385104ac); the list from signal_struct is there since 3.14 (0c740d0afc3b).
        ThreadGroup = task.Find("thread_group");
        Pgd = types.Struct("mm_struct").Field("pgd");
    }

    public Field Tasks { get; }

    public Field Pid { get; }

    public Field? Tgid { get; }

    public Field Comm { get; }

    public Field Mm { get; }

    public Field? Flags { get; }

    public Field? State { get; }

    public Field? ExitState { get; }

    public Field? Parent { get; }

    public Field? Credentials { get; }

    public Field? Uid { get; }

    public Field? Signal { get; }

    public Field? ThreadNode { get; }

    public Field? ThreadHead { get; }

    public Field? ThreadGroup { get; }

    public Field Pgd { get; }
}
