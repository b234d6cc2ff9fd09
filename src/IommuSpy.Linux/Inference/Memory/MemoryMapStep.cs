using IommuSpy.Linux.Inference.Tasks;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Linux.Inference.Memory;

/// <summary>
/// task_struct.mm and active_mm, mm_struct.pgd, mm_users: a pointer that init_task and kernel threads lack, to an object that holds the direct-map address of a
/// root table, another in each.
/// </summary>
internal sealed class MemoryMapStep : InferenceStep<TaskSet, Part<TaskNumbers>, MemoryMaps>
{
    private const int FewestMaps = 2;

    /// <inheritdoc/>
    public override string Subject => "the memory of processes (mm)";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["task_struct.mm", "task_struct.active_mm", "mm_struct.pgd"];

    /// <inheritdoc/>
    public override Part<MemoryMaps> Infer(InferenceContext context, TaskSet tasks, Part<TaskNumbers> numbers)
    {
        KernelBytes memory = context.Memory;
        if (context.Kernel.Facts.PageOffsetBase is null)
        {
            return Part.Absent("the direct map was not found, through which mm_struct.pgd leads to the tables");
        }

        List<int> pointers = FieldSearch.Words(memory, tasks.All, tasks.Bytes,
            (task, value, _) => value == 0 || (memory.IsDirect(value) && value % 8 == 0 && task != tasks.InitTask));
        List<int> twins = [];
        int pgd = -1;
        int users = 0;
        foreach (int offset in pointers)
        {
            List<ulong> maps = [.. tasks.All.Select(task => memory.WordOrZero(task + (ulong)offset)).Where(map => map != 0).Distinct()];
            if (maps.Count >= FewestMaps && RootOffset(context, maps) is int root)
            {
                if (pgd >= 0 && (root != pgd || maps.Count != users))
                {
                    return Part.Absent("several pointers of a task lead to objects that hold a root table's address");
                }

                pgd = root;
                users = maps.Count;
                twins.Add(offset);
            }
        }

        // Where no kernel thread has borrowed a process's mm, active_mm says the same as mm; it is declared right behind it.
        if (twins.Count is 0 or > 2 || (twins.Count == 2 && twins[1] - twins[0] != sizeof(ulong)))
        {
            return Part.Absent($"{twins.Count} pointers of a task lead to objects that hold the address of a root table, another in each");
        }

        int mm = twins[0];
        Dictionary<ulong, ulong> taskOf = [];
        foreach (ulong task in tasks.All)
        {
            if (memory.WordOrZero(task + (ulong)mm) is ulong map and not 0)
            {
                taskOf.TryAdd(map, task);
            }
        }

        const string Invariant = "null in init_task and kernel threads, and leads to an object that holds the direct-map address of a root table, "
            + "another in each";
        context.Book.Add("task_struct", "mm", mm, context.Book.PointerTo("mm_struct"), tasks.All.Count, Invariant,
            twins.Count == 1 ? InferenceConfidence.Unique : InferenceConfidence.DeclarationOrder);
        context.Book.Add("mm_struct", "pgd", pgd, new PointerType(() => LayoutBook.UnsignedLong), taskOf.Count,
            "the direct-map address of a root table whose upper half is the kernel's, another in each");
        Active(context, tasks, mm);
        Users(context, tasks, new(taskOf, pgd), mm);

        // Ours changes while we look at it.
        if (context.Reader is int reader && numbers.Value is TaskNumbers { TgidAt: int tgid })
        {
            foreach ((ulong map, _) in taskOf.Where(pair => (int)context.Read(pair.Value, tgid) == reader).ToArray())
            {
                taskOf.Remove(map);
            }
        }

        return new MemoryMaps(taskOf, pgd);
    }

    private static int? RootOffset(InferenceContext context, List<ulong> maps)
    {
        HashSet<PhysicalAddress>? listed = context.Kernel.ProcessTables is { } tables ? [.. tables] : null;
        Dictionary<int, HashSet<ulong>> seen = [];
        ulong direct = context.Kernel.Facts.PageOffsetBase!.Value.Value;
        List<int> offsets = FieldSearch.Words(context.Memory, maps, MemoryMaps.MostBytes, (_, value, offset) =>
        {
            PhysicalAddress root = new(value - direct);
            if (!context.Memory.IsDirect(value) || value % PageFrame.Size != 0 || !(listed is null ? IsRoot(context, root) : listed.Contains(root)))
            {
                return false;
            }

            return (seen.TryGetValue(offset, out HashSet<ulong>? known) ? known : seen[offset] = []).Add(value);
        });
        return offsets.Count == 1 ? offsets[0] : null;
    }

    // Where the kernel's own list cannot be read: the upper half is the kernel's, up to entries that a process got lazily or not yet.
    private static bool IsRoot(InferenceContext context, PhysicalAddress root)
    {
        PagingMode mode = context.Kernel.Mode;
        bool text = false;
        for (int i = mode.UserEntries; i < mode.TopEntries; i++)
        {
            ulong at = (ulong)i * sizeof(ulong);
            if (!context.Kernel.Memory.TryRead(root + at, out ulong its) || !context.Kernel.Memory.TryRead(context.Kernel.Space.Root + at, out ulong own))
            {
                return false;
            }

            if (mode.Format.IsPresent(its) && mode.Format.IsPresent(own) && mode.Format.Target(its) != mode.Format.Target(own))
            {
                return false;
            }

            text |= i == mode.TopEntries - 1 && mode.Format.IsPresent(its);
        }

        return text;
    }

    private static void Active(InferenceContext context, TaskSet tasks, int mm)
    {
        KernelBytes memory = context.Memory;
        List<int> offsets = FieldSearch.Words(memory, tasks.All, tasks.Bytes, (task, value, offset) =>
            offset != mm && (memory.WordOrZero(task + (ulong)mm) is ulong map and not 0 ? value == map : value == 0 || KernelBytes.LooksLikePointer(value)));
        if (offsets.Count == 1)
        {
            context.Book.Add("task_struct", "active_mm", offsets[0], context.Book.PointerTo("mm_struct"), tasks.All.Count,
                "equals mm in every task that has one");
        }
        else
        {
            context.Book.Refuse("task_struct", "active_mm", $"{offsets.Count} offsets beside mm hold the same as it in every task that has one");
        }
    }

    private static void Users(InferenceContext context, TaskSet tasks, MemoryMaps maps, int mm)
    {
        Dictionary<ulong, ulong> users = [];
        foreach (ulong task in tasks.All)
        {
            if (context.Memory.WordOrZero(task + (ulong)mm) is ulong map and not 0)
            {
                users[map] = users.GetValueOrDefault(map) + 1;
            }
        }

        List<int> offsets = FieldSearch.HalfWords(context.Memory, maps.All, maps.Bytes, (map, value, _) => value == users[map]);
        if (offsets.Count == 1 && users.Values.Distinct().Skip(1).Any())
        {
            context.Book.Add("mm_struct", "mm_users", offsets[0], LayoutBook.Int, maps.All.Count,
                "counts exactly the tasks that have this mm, which is more than one for some");
        }
        else
        {
            context.Book.Refuse("mm_struct", "mm_users", $"{offsets.Count} offsets count the tasks that have each mm");
        }
    }
}
