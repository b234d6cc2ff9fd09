namespace IommuSpy.Linux.Inference.Tasks;

/// <summary>
/// task_struct.signal and thread_node, signal_struct.thread_head (since 3.14): the leader of a group of threads is the first on its group's list, so its back
/// link leads to the head, which is in the one object that a pointer of the task leads to.
/// </summary>
internal sealed class ThreadStep : InferenceStep<TaskList, TaskSet>
{
    private const int MaxSignalBytes = 4096;
    private const int MaxThreads = 1 << 22;

    /// <inheritdoc/>
    public override string Subject => "the threads of processes";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["task_struct.signal", "task_struct.thread_node", "signal_struct.thread_head"];

    /// <inheritdoc/>
    public override Part<TaskSet> Infer(InferenceContext context, TaskList list)
    {
        KernelBytes memory = context.Memory;
        if (Find(context, list) is not var (signal, head, node))
        {
            foreach ((string tag, string name) in new[] { ("task_struct", "signal"), ("task_struct", "thread_node"), ("signal_struct", "thread_head") })
            {
                context.Book.Refuse(tag, name, "no one list, whose head the object at one pointer holds, begins with each of the tasks");
            }

            return new TaskSet(list.InitTask, list.Leaders, [], list.Bytes);
        }

        Dictionary<ulong, List<ulong>> threads = [];
        foreach (ulong leader in list.Leaders)
        {
            List<ulong> others = [];
            ulong first = memory.WordOrZero(leader + (ulong)signal) + (ulong)head;
            ulong at = leader + (ulong)node;
            for (ulong next = memory.WordOrZero(at); next != first; at = next, next = memory.WordOrZero(at))
            {
                if (!KernelBytes.LooksLikePointer(next) || memory.WordOrZero(next + sizeof(ulong)) != at || others.Count == MaxThreads)
                {
                    context.Book.Refuse("task_struct", "thread_node", $"the list of threads of the task at 0x{leader:x} is broken at 0x{at:x}");
                    return new TaskSet(list.InitTask, list.Leaders, [], list.Bytes);
                }

                others.Add(next - (ulong)node);
            }

            if (others.Count > 0)
            {
                threads[leader] = others;
            }
        }

        TaskSet tasks = new(list.InitTask, list.Leaders, threads, list.Bytes);
        tasks = tasks with { Bytes = FieldSearch.LeastDistance(tasks.All.Skip(1), list.Bytes) };
        const string Invariant = "of every process, the list in the object at signal begins with its leader, and its back links agree";
        context.Book.Add("task_struct", "signal", signal, context.Book.PointerTo("signal_struct"), list.Leaders.Count, Invariant);
        context.Book.Add("task_struct", "thread_node", node, context.Book.Struct("list_head"), tasks.All.Count, Invariant);
        context.Book.Add("signal_struct", "thread_head", head, context.Book.Struct("list_head"), list.Leaders.Count, Invariant);
        return tasks;
    }

    private static (int Signal, int Head, int Node)? Find(InferenceContext context, TaskList list)
    {
        KernelBytes memory = context.Memory;

        // Where the back link leads, the forward link leads to the task.
        List<int> nodes = FieldSearch.Words(
            memory, list.Leaders, list.Bytes, (task, value, offset) => KernelBytes.LooksLikePointer(value)
                && memory.TryWord(task + (ulong)offset + sizeof(ulong), out ulong previous) && previous != task + (ulong)offset
                && KernelBytes.LooksLikePointer(previous) && memory.WordOrZero(previous) == task + (ulong)offset);
        List<(int, int, int)> found = [];
        foreach (int node in nodes)
        {
            if (node == list.LinkAt)
            {
                continue;
            }

            // The head is at the same distance from what the pointer leads to in every task; the first task tells the distance.
            Dictionary<int, ulong> distances = [];
            List<int> pointers = FieldSearch.Words(memory, list.Leaders, list.Bytes, (task, value, offset) =>
            {
                ulong distance = unchecked(memory.WordOrZero(task + (ulong)node + sizeof(ulong)) - value);
                return KernelBytes.LooksLikePointer(value) && distance < MaxSignalBytes
                    && (distances.TryGetValue(offset, out ulong known) ? known == distance : distances.TryAdd(offset, distance));
            });
            found.AddRange(pointers.Where(pointer => pointer != node + sizeof(ulong)).Select(pointer => (pointer, (int)distances[pointer], node)));
        }

        return found.Count == 1 ? found[0] : null;
    }
}
