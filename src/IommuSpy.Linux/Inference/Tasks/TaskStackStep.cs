using System.Numerics;

namespace IommuSpy.Linux.Inference.Tasks;

/// <summary>task_struct.stack, the state before it, and until 4.9 thread_info.</summary>
internal sealed class TaskStackStep : InferenceStep<TaskSet, FieldsOnly>
{
    private const ulong StackEnd = 0x57ac_6e9d; // STACK_END_MAGIC
    private const ulong StackAlignment = 4096;
    private const uint States = 1 << 16; // TASK_STATE_MAX
    private const uint BasicStates = 0xf; // interruptible, uninterruptible, stopped, traced

    // What has ended keeps its task for a while and gives its stack back. Until 4.9 thread_info lies at the end of the stack and names the task.
    /// <inheritdoc/>
    public override string Subject => "the stacks of tasks";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["task_struct.stack"];

    /// <inheritdoc/>
    public override Part<FieldsOnly> Infer(InferenceContext context, TaskSet tasks)
    {
        KernelBytes memory = context.Memory;
        List<int> offsets = FieldSearch.Words(memory, tasks.All, tasks.Bytes, (task, value, _) =>
            (value == 0 && task != tasks.InitTask)
            || (KernelBytes.LooksLikePointer(value) && value % StackAlignment == 0 && memory.WordOrZero(value) is ulong last
                && (last == StackEnd || last == task)));
        if (offsets.Count != 1)
        {
            return Part.Absent($"{offsets.Count} offsets lead to the end of a stack in every task");
        }

        State(context, tasks, offsets[0]);
        bool hasInfo = memory.WordOrZero(memory.WordOrZero(tasks.InitTask + (ulong)offsets[0])) == tasks.InitTask;
        context.Book.Add("task_struct", "stack", offsets[0], LayoutBook.Pointer, tasks.All.Count,
            hasInfo ? "page aligned, and leads to a thread_info that names the task" : "page aligned, and leads to STACK_END_MAGIC");
        if (hasInfo)
        {
            context.Book.Add("thread_info", "task", 0, context.Book.PointerTo("task_struct"), tasks.All.Count, "names the task whose stack it lies on");
        }

        return FieldsOnly.Done;
    }

    // state stands before stack in every release, alone or with another int behind it. Most tasks of a machine sleep; init_task runs.
    private static void State(InferenceContext context, TaskSet tasks, int stack)
    {
        int at = stack - sizeof(ulong);
        bool holds = at >= 0
            && tasks.All.TrueForAll(task =>
                (uint)context.Read(task, at) is uint value && value < States
                    && (value == 0 || BitOperations.IsPow2(value & BasicStates) || (value & BasicStates) == 0))
            && (uint)context.Read(tasks.InitTask, at) == 0 && tasks.All.Count(task => (uint)context.Read(task, at) != 0) > tasks.All.Count / 2;
        if (holds)
        {
            // volatile long state before 5.14.
            bool old = !context.IsSince(5, 14);
            context.Book.Add("task_struct", old ? "state" : "__state", at, old ? LayoutBook.Long : LayoutBook.UnsignedInt, tasks.All.Count,
                "before the stack, where every release declares it: 0 in init_task, one way to sleep or none in every task, and most sleep",
                InferenceConfidence.Confirmed);
        }
        else
        {
            context.Book.Refuse("task_struct", "state", "what stands before the stack is no state of a task");
        }
    }
}
