using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.Types;

namespace IommuSpy.Linux.Inference.Tasks;

/// <summary>
/// task_struct.comm and tasks: comm is where "swapper" stands in init_task, and tasks is the longest circular list that leads from init_task back to it, whose
/// back links agree and whose every member has a name at comm.
/// </summary>
internal sealed class TaskListStep : InferenceStep<TaskList>
{
    /// <summary>TASK_COMM_LEN.</summary>
    public const int NameBytes = 16;

    // task_struct takes 3 to 10 KiB as distributions build it.
    private const int MaxTaskBytes = 16 << 10;
    private const int MaxTasks = 1 << 22; // PID_MAX_LIMIT

    // A list that two tasks are on could be any.
    private const int FewestTasks = 4;

    // prctl(PR_SET_NAME) takes any bytes: one name in so many may be odd.
    private const int OddNames = 16;

    /// <inheritdoc/>
    public override string Subject => "the list of tasks";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["task_struct.comm", "task_struct.tasks"];

    /// <inheritdoc/>
    public override Part<TaskList> Infer(InferenceContext context)
    {
        if (context.Kernel.Kallsyms?.Symbols is not SymbolTable symbols || !symbols.TryFind("init_task", out Symbol symbol))
        {
            throw new MissingTypeException(
                $"types cannot be inferred: no symbol init_task to start from{(context.Kernel.KallsymsAbsence is string why ? $" ({why})" : "")}");
        }

        ulong initTask = symbol.Address.Value;
        byte[] bytes = context.Memory.At(initTask, MaxTaskBytes).ToArray();
        int comm = NameIn(bytes)
            ?? throw new MissingTypeException($"types cannot be inferred: init_task at {symbol.Address} has no one place that says \"swapper\"");

        List<ulong>? longest = null;
        int at = 0;
        bool tied = false;
        for (int offset = 0; offset + 16 <= bytes.Length; offset += sizeof(ulong))
        {
            ulong next = BitConverter.ToUInt64(bytes, offset);
            if (KernelBytes.LooksLikePointer(next) && next != initTask + (ulong)offset && Follow(context.Memory, initTask, offset, comm) is List<ulong> found
                && found.Count >= (longest?.Count ?? FewestTasks))
            {
                tied = found.Count == longest?.Count;
                longest = found;
                at = offset;
            }
        }

        if (longest is null || tied)
        {
            throw new MissingTypeException(
                $"types cannot be inferred: {(tied ? "several lists" : "no list")} from init_task at {symbol.Address} on could be the list of tasks");
        }

        context.Book.Add("task_struct", "comm", comm, LayoutBook.Characters(NameBytes), longest.Count,
            "init_task's says \"swapper\", every other task's ends within 16 bytes and is a name");
        context.Book.Size("list_head", 2 * sizeof(ulong));
        context.Book.Declare("list_head", "next", 0, context.Book.PointerTo("list_head"));
        context.Book.Declare("list_head", "prev", 8, context.Book.PointerTo("list_head"));
        context.Book.Add("task_struct", "tasks", at, context.Book.Struct("list_head"), longest.Count,
            "the longest circular list through init_task whose back links agree and whose members all have a name at comm");
        return new TaskList(initTask, longest, FieldSearch.LeastDistance(longest.Skip(1), MaxTaskBytes), at);
    }

    private static int? NameIn(byte[] task)
    {
        int first = task.AsSpan().IndexOf("swapper"u8);
        if (first < 0 || task.AsSpan(first + 1).IndexOf("swapper"u8) >= 0)
        {
            return null;
        }

        ReadOnlySpan<byte> name = task.AsSpan(first);
        return name.StartsWith("swapper\0"u8) || name.StartsWith("swapper/0\0"u8) ? first : null;
    }

    private static List<ulong>? Follow(KernelBytes memory, ulong initTask, int offset, int comm)
    {
        List<ulong> tasks = [initTask];
        ulong head = initTask + (ulong)offset;
        ulong at = head;
        int odd = 0;
        while (true)
        {
            ulong next = memory.WordOrZero(at);
            if (!KernelBytes.LooksLikePointer(next) || !memory.TryWord(next + sizeof(ulong), out ulong previous) || previous != at || tasks.Count == MaxTasks)
            {
                return null;
            }

            if (next == head)
            {
                return odd > tasks.Count / OddNames ? null : tasks;
            }

            ulong task = unchecked(next - (ulong)offset);
            ReadOnlySpan<byte> name = memory.At(unchecked(task + (ulong)comm), NameBytes);
            int end = name.IndexOf((byte)0);
            if (end < 0)
            {
                return null;
            }

            odd += end > 0 && name[..end].IndexOfAnyExceptInRange((byte)0x20, (byte)0x7e) < 0 ? 0 : 1;
            tasks.Add(task);
            at = next;
        }
    }
}
