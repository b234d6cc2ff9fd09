namespace IommuSpy.Linux.Inference.Tasks;

/// <summary>
/// task_struct.pid and tgid. Numbers are 0 in init_task, 1 in the first process, and different in all others; a thread has its leader's tgid and a pid of its
/// own.
/// </summary>
internal sealed class TaskNumberStep : InferenceStep<TaskSet, TaskNumbers>
{
    private const ulong MaxPid = 1 << 22; // PID_MAX_LIMIT

    /// <inheritdoc/>
    public override string Subject => "what tells the numbers of tasks";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["task_struct.pid", "task_struct.tgid"];

    /// <inheritdoc/>
    public override Part<TaskNumbers> Infer(InferenceContext context, TaskSet tasks)
    {
        Dictionary<int, HashSet<ulong>> seen = [];
        ulong first = tasks.Leaders[1];
        List<int> numbers = FieldSearch.HalfWords(context.Memory, tasks.Leaders, tasks.Bytes, (task, value, offset) =>
            task == tasks.InitTask ? value == 0
            : task == first ? value == 1 && seen.TryAdd(offset, [1])
            : value is > 0 and <= MaxPid && seen[offset].Add(value));

        // pid and tgid are declared in this order, one after the other, since they exist. Other numbers of a task (sched_ext's) stand alone.
        int[] sideBySide = [.. numbers.Where(offset => numbers.Contains(offset + sizeof(uint)))];
        numbers = sideBySide.Length == 1 ? [sideBySide[0], sideBySide[0] + sizeof(uint)] : numbers;
        if (sideBySide.Length != 1)
        {
            return Part.Absent($"{numbers.Count} offsets hold small numbers that are 0 in init_task, 1 in the first process and different in all others, where "
                + "two are expected side by side");
        }

        if (tasks.OtherThreads.Count == 0)
        {
            const string Alone = "the only two small numbers that are 0 in init_task, 1 in the first process and different in all others; no process has two "
                + "threads, so their order is the declaration's";
            context.Book.Add("task_struct", "pid", numbers[0], LayoutBook.Int, tasks.All.Count, Alone, InferenceConfidence.DeclarationOrder);
            context.Book.Add("task_struct", "tgid", numbers[1], LayoutBook.Int, tasks.All.Count, Alone, InferenceConfidence.DeclarationOrder);
            return new TaskNumbers(numbers[0], numbers[1]);
        }

        bool IsShared(int offset) =>
            tasks.OtherThreads.All(group => group.Value.TrueForAll(thread => Number(context, thread, offset) == Number(context, group.Key, offset)));
        bool IsUnique(int offset) => tasks.All.Select(task => Number(context, task, offset)).Distinct().Count() == tasks.All.Count;
        int[] shared = [.. numbers.Where(IsShared)];
        int[] unique = [.. numbers.Where(IsUnique)];
        if (shared.Length != 1 || unique.Length != 1 || shared[0] == unique[0])
        {
            context.Book.Refuse("task_struct", "pid", "threads do not tell it from tgid");
            context.Book.Refuse("task_struct", "tgid", "threads do not tell it from pid");
            return Part.Absent("threads do not tell pid from tgid");
        }

        context.Book.Add("task_struct", "pid", unique[0], LayoutBook.Int, tasks.All.Count,
            "0 in init_task, 1 in the first process, small, and different in all tasks, threads included");
        context.Book.Add("task_struct", "tgid", shared[0], LayoutBook.Int, tasks.All.Count,
            "0 in init_task, 1 in the first process, small, different in all processes, and each thread has its leader's");
        return new TaskNumbers(unique[0], shared[0]);
    }

    private static ulong Number(InferenceContext context, ulong task, int offset) => (uint)context.Memory.WordOrZero(task + (ulong)offset);
}
