namespace IommuSpy.Linux.Inference.Tasks;

/// <summary>task_struct.group_leader and thread_group: how threads name their leader, and how they are linked to it.</summary>
internal sealed class TaskGroupStep : InferenceStep<TaskSet, FieldsOnly>
{
    /// <inheritdoc/>
    public override string Subject => "how threads name their leaders";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["task_struct.group_leader", "task_struct.thread_group"];

    /// <inheritdoc/>
    public override Part<FieldsOnly> Infer(InferenceContext context, TaskSet tasks)
    {
        Leader(context, tasks);
        Group(context, tasks);
        return FieldsOnly.Done;
    }

    private static void Leader(InferenceContext context, TaskSet tasks)
    {
        Dictionary<ulong, ulong> leaderOf = LeaderOf(tasks);
        List<int> offsets = FieldSearch.Words(context.Memory, tasks.All, tasks.Bytes, (task, value, _) => value == leaderOf[task]);
        if (offsets.Count == 1)
        {
            context.Book.Add("task_struct", "group_leader", offsets[0], context.Book.PointerTo("task_struct"), tasks.All.Count,
                "each task has its leader's address there, leaders their own");
        }
        else
        {
            context.Book.Refuse("task_struct", "group_leader", $"{offsets.Count} offsets hold each task's leader");
        }
    }

    // Until 6.6 threads are linked to their leader too, with no head of its own.
    private static void Group(InferenceContext context, TaskSet tasks)
    {
        List<int> offsets = tasks.OtherThreads.Count == 0 ? [] : FieldSearch.Words(context.Memory, tasks.Leaders, tasks.Bytes, (leader, value, offset) =>
        {
            ulong at = leader + (ulong)offset;
            foreach (ulong thread in tasks.OtherThreads.TryGetValue(leader, out List<ulong>? others) ? others : [])
            {
                if (value != thread + (ulong)offset || context.Memory.WordOrZero(value + sizeof(ulong)) != at)
                {
                    return false;
                }

                at = value;
                value = context.Memory.WordOrZero(at);
            }

            return value == leader + (ulong)offset && context.Memory.WordOrZero(value + sizeof(ulong)) == at;
        });

        if (offsets.Count == 1)
        {
            context.Book.Add("task_struct", "thread_group", offsets[0], context.Book.Struct("list_head"), tasks.All.Count,
                "a circular list of exactly the threads of each process, leader included");
        }
        else
        {
            context.Book.Refuse("task_struct", "thread_group",
                tasks.OtherThreads.Count == 0 ? "no process has two threads" : $"{offsets.Count} offsets link the threads of each process");
        }
    }

    private static Dictionary<ulong, ulong> LeaderOf(TaskSet tasks)
    {
        Dictionary<ulong, ulong> leaders = tasks.Leaders.ToDictionary(leader => leader);
        foreach ((ulong leader, List<ulong> others) in tasks.OtherThreads)
        {
            others.ForEach(thread => leaders[thread] = leader);
        }

        return leaders;
    }
}
