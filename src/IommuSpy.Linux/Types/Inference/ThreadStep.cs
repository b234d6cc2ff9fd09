namespace IommuSpy.Linux.Types.Inference;

/// <summary>
/// task_struct.signal and thread_node, signal_struct.thread_head (since 3.14): the leader of a group of threads is the first on its group's list, so its back
/// link leads to the head, which is in the one object that a pointer of the task leads to.
/// </summary>
internal static class ThreadStep
{
    private const int MaxSignalBytes = 4096;
    private const int MaxThreads = 1 << 22;

    public static void Run(InferenceState state)
    {
        KernelBytes memory = state.Memory;
        state.Tasks = [.. state.Leaders];
        if (Find(state) is not var (signal, head, node))
        {
            foreach ((string tag, string name) in new[] { ("task_struct", "signal"), ("task_struct", "thread_node"), ("signal_struct", "thread_head") })
            {
                state.Book.Refuse(tag, name, "no one list, whose head the object at one pointer holds, begins with each of the tasks");
            }

            return;
        }

        foreach (ulong leader in state.Leaders)
        {
            List<ulong> others = [];
            ulong first = memory.WordOrZero(leader + (ulong)signal) + (ulong)head;
            ulong at = leader + (ulong)node;
            for (ulong next = memory.WordOrZero(at); next != first; at = next, next = memory.WordOrZero(at))
            {
                if (!KernelBytes.LooksLikePointer(next) || memory.WordOrZero(next + sizeof(ulong)) != at || others.Count == MaxThreads)
                {
                    state.Book.Refuse("task_struct", "thread_node", $"the list of threads of the task at 0x{leader:x} is broken at 0x{at:x}");
                    state.OtherThreads.Clear();
                    return;
                }

                others.Add(next - (ulong)node);
            }

            if (others.Count > 0)
            {
                state.OtherThreads[leader] = others;
            }
        }

        state.Tasks.AddRange(state.OtherThreads.Values.SelectMany(others => others));
        state.TaskBytes = FieldSearch.LeastDistance(state.Tasks.Skip(1), state.TaskBytes);
        const string Invariant = "of every process, the list in the object at signal begins with its leader, and its back links agree";
        state.Book.Add("task_struct", "signal", signal, state.Book.PointerTo("signal_struct"), state.Leaders.Count, Invariant);
        state.Book.Add("task_struct", "thread_node", node, state.Book.Struct("list_head"), state.Tasks.Count, Invariant);
        state.Book.Add("signal_struct", "thread_head", head, state.Book.Struct("list_head"), state.Leaders.Count, Invariant);
    }

    private static (int Signal, int Head, int Node)? Find(InferenceState state)
    {
        KernelBytes memory = state.Memory;

        // Where the back link leads, the forward link leads to the task.
        List<int> nodes = FieldSearch.Words(
            memory, state.Leaders, state.TaskBytes, (task, value, offset) => KernelBytes.LooksLikePointer(value)
                && memory.TryWord(task + (ulong)offset + sizeof(ulong), out ulong previous) && previous != task + (ulong)offset
                && KernelBytes.LooksLikePointer(previous) && memory.WordOrZero(previous) == task + (ulong)offset);
        List<(int, int, int)> found = [];
        foreach (int node in nodes)
        {
            if (node == state.Book.OffsetOf("task_struct", "tasks"))
            {
                continue;
            }

            // The head is at the same distance from what the pointer leads to in every task; the first task tells the distance.
            Dictionary<int, ulong> distances = [];
            List<int> pointers = FieldSearch.Words(memory, state.Leaders, state.TaskBytes, (task, value, offset) =>
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
