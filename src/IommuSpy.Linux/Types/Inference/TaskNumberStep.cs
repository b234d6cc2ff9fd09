namespace IommuSpy.Linux.Types.Inference;

/// <summary>
/// task_struct.pid, tgid, group_leader and thread_group. Numbers are 0 in init_task, 1 in the first process, and different in all others; a thread has its
/// leader's tgid and a pid of its own.
/// </summary>
internal static class TaskNumberStep
{
    private const ulong MaxPid = 1 << 22; // PID_MAX_LIMIT

    public static void Run(InferenceState state)
    {
        Numbers(state);
        Leader(state);
        Group(state);
    }

    private static void Numbers(InferenceState state)
    {
        Dictionary<int, HashSet<ulong>> seen = [];
        ulong first = state.Leaders[1];
        List<int> numbers = FieldSearch.HalfWords(state.Memory, state.Leaders, state.TaskBytes, (task, value, offset) =>
            task == state.InitTask ? value == 0
            : task == first ? value == 1 && seen.TryAdd(offset, [1])
            : value is > 0 and <= MaxPid && seen[offset].Add(value));

        // pid and tgid are declared in this order, one after the other, since they exist. Other numbers of a task (sched_ext's) stand alone.
        int[] sideBySide = [.. numbers.Where(offset => numbers.Contains(offset + sizeof(uint)))];
        numbers = sideBySide.Length == 1 ? [sideBySide[0], sideBySide[0] + sizeof(uint)] : numbers;
        if (sideBySide.Length != 1)
        {
            string reason = $"{numbers.Count} offsets hold small numbers that are 0 in init_task, 1 in the first process and different in all others, where "
                + $"two are expected side by side";
            state.Book.Refuse("task_struct", "pid", reason);
            state.Book.Refuse("task_struct", "tgid", reason);
            return;
        }

        if (state.OtherThreads.Count == 0)
        {
            const string Alone = "the only two small numbers that are 0 in init_task, 1 in the first process and different in all others; no process has two "
                + "threads, so their order is the declaration's";
            state.Book.Add("task_struct", "pid", numbers[0], LayoutBook.Int, state.Tasks.Count, Alone, InferenceConfidence.DeclarationOrder);
            state.Book.Add("task_struct", "tgid", numbers[1], LayoutBook.Int, state.Tasks.Count, Alone, InferenceConfidence.DeclarationOrder);
            return;
        }

        bool IsShared(int offset) =>
            state.OtherThreads.All(group => group.Value.TrueForAll(thread => Number(state, thread, offset) == Number(state, group.Key, offset)));
        bool IsUnique(int offset) => state.Tasks.Select(task => Number(state, task, offset)).Distinct().Count() == state.Tasks.Count;
        int[] shared = [.. numbers.Where(IsShared)];
        int[] unique = [.. numbers.Where(IsUnique)];
        if (shared.Length != 1 || unique.Length != 1 || shared[0] == unique[0])
        {
            state.Book.Refuse("task_struct", "pid", "threads do not tell it from tgid");
            state.Book.Refuse("task_struct", "tgid", "threads do not tell it from pid");
            return;
        }

        state.Book.Add("task_struct", "pid", unique[0], LayoutBook.Int, state.Tasks.Count,
            "0 in init_task, 1 in the first process, small, and different in all tasks, threads included");
        state.Book.Add("task_struct", "tgid", shared[0], LayoutBook.Int, state.Tasks.Count,
            "0 in init_task, 1 in the first process, small, different in all processes, and each thread has its leader's");
    }

    private static void Leader(InferenceState state)
    {
        Dictionary<ulong, ulong> leaderOf = LeaderOf(state);
        List<int> offsets = FieldSearch.Words(state.Memory, state.Tasks, state.TaskBytes, (task, value, _) => value == leaderOf[task]);
        if (offsets.Count == 1)
        {
            state.Book.Add("task_struct", "group_leader", offsets[0], state.Book.PointerTo("task_struct"), state.Tasks.Count,
                "each task has its leader's address there, leaders their own");
        }
        else
        {
            state.Book.Refuse("task_struct", "group_leader", $"{offsets.Count} offsets hold each task's leader");
        }
    }

    // Until 6.6 threads are linked to their leader too, with no head of its own.
    private static void Group(InferenceState state)
    {
        List<int> offsets = state.OtherThreads.Count == 0 ? [] : FieldSearch.Words(state.Memory, state.Leaders, state.TaskBytes, (leader, value, offset) =>
        {
            ulong at = leader + (ulong)offset;
            foreach (ulong thread in state.OtherThreads.TryGetValue(leader, out List<ulong>? others) ? others : [])
            {
                if (value != thread + (ulong)offset || state.Memory.WordOrZero(value + sizeof(ulong)) != at)
                {
                    return false;
                }

                at = value;
                value = state.Memory.WordOrZero(at);
            }

            return value == leader + (ulong)offset && state.Memory.WordOrZero(value + sizeof(ulong)) == at;
        });

        if (offsets.Count == 1)
        {
            state.Book.Add("task_struct", "thread_group", offsets[0], state.Book.Struct("list_head"), state.Tasks.Count,
                "a circular list of exactly the threads of each process, leader included");
        }
        else
        {
            state.Book.Refuse("task_struct", "thread_group",
                state.OtherThreads.Count == 0 ? "no process has two threads" : $"{offsets.Count} offsets link the threads of each process");
        }
    }

    private static Dictionary<ulong, ulong> LeaderOf(InferenceState state)
    {
        Dictionary<ulong, ulong> leaders = state.Leaders.ToDictionary(leader => leader);
        foreach ((ulong leader, List<ulong> others) in state.OtherThreads)
        {
            others.ForEach(thread => leaders[thread] = leader);
        }

        return leaders;
    }

    private static ulong Number(InferenceState state, ulong task, int offset) => (uint)state.Memory.WordOrZero(task + (ulong)offset);
}
