namespace IommuSpy.Linux.Inference.Tasks;

/// <summary>
/// task_struct.real_parent, parent, children and sibling: parents are tasks, and following them from any task leads to init_task; a parent's children are
/// linked through their siblings.
/// </summary>
internal sealed class TaskFamilyStep : InferenceStep<TaskSet, TaskFamily>
{
    /// <inheritdoc/>
    public override string Subject => "the parents of tasks";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["task_struct.real_parent", "task_struct.parent", "task_struct.children", "task_struct.sibling"];

    /// <inheritdoc/>
    public override Part<TaskFamily> Infer(InferenceContext context, TaskSet tasks)
    {
        KernelBytes memory = context.Memory;
        HashSet<ulong> known = [.. tasks.All];
        List<int> parents = FieldSearch.Words(memory, tasks.All, tasks.Bytes, (task, value, _) =>
            task == tasks.InitTask ? value == task : value != task && known.Contains(value));
        parents.RemoveAll(offset => !LeadsToInit(context, tasks, offset));
        if (parents.Count != 2 || parents[1] - parents[0] != sizeof(ulong))
        {
            return Part.Absent($"{parents.Count} offsets lead from every task to init_task, where two are expected side by side");
        }

        // Debuggers adopt what they trace: parent differs then, and children are those of real_parent.
        int real = parents[0];
        List<(int Children, int Sibling)> lists = Lists(context, tasks, real);
        if (lists.Count != 1)
        {
            return Part.Absent($"{lists.Count} pairs of offsets link each parent's children");
        }

        context.Book.Add("task_struct", "real_parent", real, context.Book.PointerTo("task_struct"), tasks.All.Count,
            "a task, from which parents lead to init_task, and whose list of children holds exactly the processes that have it as parent");
        context.Book.Add("task_struct", "parent", parents[1], context.Book.PointerTo("task_struct"), tasks.All.Count,
            "a task, from which parents lead to init_task; declared behind real_parent", InferenceConfidence.DeclarationOrder);
        const string Linked = "each parent's list of children holds exactly the processes whose real_parent it is, linked at sibling with agreeing back links";
        context.Book.Add("task_struct", "children", lists[0].Children, context.Book.Struct("list_head"), tasks.All.Count, Linked);
        context.Book.Add("task_struct", "sibling", lists[0].Sibling, context.Book.Struct("list_head"), tasks.All.Count, Linked);
        return new TaskFamily(real);
    }

    private static bool LeadsToInit(InferenceContext context, TaskSet tasks, int offset)
    {
        HashSet<ulong> good = [tasks.InitTask];
        foreach (ulong task in tasks.All)
        {
            HashSet<ulong> path = [];
            ulong at = task;
            while (!good.Contains(at))
            {
                if (!path.Add(at))
                {
                    return false;
                }

                at = context.Memory.WordOrZero(at + (ulong)offset);
            }

            good.UnionWith(path);
        }

        return true;
    }

    private static List<(int Children, int Sibling)> Lists(InferenceContext context, TaskSet tasks, int parent)
    {
        KernelBytes memory = context.Memory;
        Dictionary<ulong, HashSet<ulong>> children = [];
        foreach (ulong task in tasks.Leaders)
        {
            ulong of = memory.WordOrZero(task + (ulong)parent);
            if (task != tasks.InitTask)
            {
                (children.TryGetValue(of, out HashSet<ulong>? known) ? known : children[of] = []).Add(task);
            }
        }

        // init_task's first child tells the distance between the two lists' places.
        List<(int, int)> found = [];
        ReadOnlySpan<byte> init = memory.At(tasks.InitTask, tasks.Bytes).ToArray();
        HashSet<ulong> ofInit = children.GetValueOrDefault(tasks.InitTask) ?? [];
        for (int head = 0; head + 16 <= init.Length; head += sizeof(ulong))
        {
            ulong first = BitConverter.ToUInt64(init[head..]);
            foreach (ulong child in ofInit)
            {
                ulong sibling = unchecked(first - child);
                if (sibling < (ulong)tasks.Bytes && sibling != (ulong)head
                    && tasks.All.TrueForAll(task => Holds(memory, task, head, (int)sibling, children.GetValueOrDefault(task))))
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
