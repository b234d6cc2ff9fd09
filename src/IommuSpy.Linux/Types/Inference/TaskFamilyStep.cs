namespace IommuSpy.Linux.Types.Inference;

/// <summary>
/// task_struct.real_parent, parent, children and sibling: parents are tasks, and following them from any task leads to init_task; a parent's children are
/// linked through their siblings.
/// </summary>
internal static class TaskFamilyStep
{
    private static readonly string[] Fields = ["real_parent", "parent", "children", "sibling"];

    public static void Run(InferenceState state)
    {
        KernelBytes memory = state.Memory;
        HashSet<ulong> tasks = [.. state.Tasks];
        List<int> parents = FieldSearch.Words(memory, state.Tasks, state.TaskBytes, (task, value, _) =>
            task == state.InitTask ? value == task : value != task && tasks.Contains(value));
        parents.RemoveAll(offset => !LeadsToInit(state, offset));
        if (parents.Count != 2 || parents[1] - parents[0] != sizeof(ulong))
        {
            Refuse(state, $"{parents.Count} offsets lead from every task to init_task, where two are expected side by side");
            return;
        }

        // Debuggers adopt what they trace: parent differs then, and children are those of real_parent.
        int real = parents[0];
        List<(int Children, int Sibling)> lists = Lists(state, real);
        if (lists.Count != 1)
        {
            Refuse(state, $"{lists.Count} pairs of offsets link each parent's children");
            return;
        }

        state.Book.Add("task_struct", "real_parent", real, state.Book.PointerTo("task_struct"), state.Tasks.Count,
            "a task, from which parents lead to init_task, and whose list of children holds exactly the processes that have it as parent");
        state.Book.Add("task_struct", "parent", parents[1], state.Book.PointerTo("task_struct"), state.Tasks.Count,
            "a task, from which parents lead to init_task; declared behind real_parent", InferenceConfidence.DeclarationOrder);
        const string Linked = "each parent's list of children holds exactly the processes whose real_parent it is, linked at sibling with agreeing back links";
        state.Book.Add("task_struct", "children", lists[0].Children, state.Book.Struct("list_head"), state.Tasks.Count, Linked);
        state.Book.Add("task_struct", "sibling", lists[0].Sibling, state.Book.Struct("list_head"), state.Tasks.Count, Linked);
    }

    private static void Refuse(InferenceState state, string reason)
    {
        foreach (string field in Fields)
        {
            state.Book.Refuse("task_struct", field, reason);
        }
    }

    private static bool LeadsToInit(InferenceState state, int offset)
    {
        HashSet<ulong> good = [state.InitTask];
        foreach (ulong task in state.Tasks)
        {
            HashSet<ulong> path = [];
            ulong at = task;
            while (!good.Contains(at))
            {
                if (!path.Add(at))
                {
                    return false;
                }

                at = state.Memory.WordOrZero(at + (ulong)offset);
            }

            good.UnionWith(path);
        }

        return true;
    }

    private static List<(int Children, int Sibling)> Lists(InferenceState state, int parent)
    {
        KernelBytes memory = state.Memory;
        Dictionary<ulong, HashSet<ulong>> children = [];
        foreach (ulong task in state.Leaders)
        {
            ulong of = memory.WordOrZero(task + (ulong)parent);
            if (task != state.InitTask)
            {
                (children.TryGetValue(of, out HashSet<ulong>? known) ? known : children[of] = []).Add(task);
            }
        }

        // init_task's first child tells the distance between the two lists' places.
        List<(int, int)> found = [];
        ReadOnlySpan<byte> init = memory.At(state.InitTask, state.TaskBytes).ToArray();
        HashSet<ulong> ofInit = children.GetValueOrDefault(state.InitTask) ?? [];
        for (int head = 0; head + 16 <= init.Length; head += sizeof(ulong))
        {
            ulong first = BitConverter.ToUInt64(init[head..]);
            foreach (ulong child in ofInit)
            {
                ulong sibling = unchecked(first - child);
                if (sibling < (ulong)state.TaskBytes && sibling != (ulong)head
                    && state.Tasks.TrueForAll(task => Holds(memory, task, head, (int)sibling, children.GetValueOrDefault(task))))
                {
                    found.Add((head, (int)sibling));
                }
            }
        }

        return found;
    }

    private static bool Holds(KernelBytes memory, ulong parent, int head, int sibling, HashSet<ulong>? children)
    {
        ulong at = parent + (ulong)head;
        for (int count = 0; ; count++)
        {
            ulong next = memory.WordOrZero(at);
            if (memory.WordOrZero(next + sizeof(ulong)) != at)
            {
                return false;
            }

            if (next == parent + (ulong)head)
            {
                return count == (children?.Count ?? 0);
            }

            if (count == (children?.Count ?? 0) || !children!.Contains(unchecked(next - (ulong)sibling)))
            {
                return false;
            }

            at = next;
        }
    }
}
