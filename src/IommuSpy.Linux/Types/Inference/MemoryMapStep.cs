using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Linux.Types.Inference;

/// <summary>
/// task_struct.mm and active_mm, mm_struct.pgd, mm_users: a pointer that init_task and kernel threads lack, to an object that holds the direct-map address of a
/// root table, another in each.
/// </summary>
internal static class MemoryMapStep
{
    /// <summary>mm_struct takes 0.8 to 1.5 KiB without the masks of CPUs behind it.</summary>
    public const int MaxMapBytes = 4096;

    private const int FewestMaps = 2;

    public static void Run(InferenceState state)
    {
        KernelBytes memory = state.Memory;
        if (state.Kernel.Facts.PageOffsetBase is null)
        {
            Refuse(state, "the direct map was not found, through which mm_struct.pgd leads to the tables");
            return;
        }

        List<int> pointers = FieldSearch.Words(memory, state.Tasks, state.TaskBytes,
            (task, value, _) => value == 0 || (memory.IsDirect(value) && value % 8 == 0 && task != state.InitTask));
        List<int> twins = [];
        int pgd = -1;
        int users = 0;
        foreach (int offset in pointers)
        {
            List<ulong> maps = [.. state.Tasks.Select(task => memory.WordOrZero(task + (ulong)offset)).Where(map => map != 0).Distinct()];
            if (maps.Count >= FewestMaps && RootOffset(state, maps) is int root)
            {
                if (pgd >= 0 && (root != pgd || maps.Count != users))
                {
                    Refuse(state, "several pointers of a task lead to objects that hold a root table's address");
                    return;
                }

                pgd = root;
                users = maps.Count;
                twins.Add(offset);
            }
        }

        // Where no kernel thread has borrowed a process's mm, active_mm says the same as mm; it is declared right behind it.
        if (twins.Count is 0 or > 2 || (twins.Count == 2 && twins[1] - twins[0] != sizeof(ulong)))
        {
            Refuse(state, $"{twins.Count} pointers of a task lead to objects that hold the address of a root table, another in each");
            return;
        }

        int mm = twins[0];
        foreach (ulong task in state.Tasks)
        {
            if (memory.WordOrZero(task + (ulong)mm) is ulong map and not 0)
            {
                state.Maps.TryAdd(map, task);
            }
        }

        const string Invariant = "null in init_task and kernel threads, and leads to an object that holds the direct-map address of a root table, "
            + "another in each";
        state.Book.Add("task_struct", "mm", mm, state.Book.PointerTo("mm_struct"), state.Tasks.Count, Invariant,
            twins.Count == 1 ? InferenceConfidence.Unique : InferenceConfidence.DeclarationOrder);
        state.Book.Add("mm_struct", "pgd", pgd, new PointerType(() => LayoutBook.UnsignedLong), state.Maps.Count,
            "the direct-map address of a root table whose upper half is the kernel's, another in each");
        Active(state, mm);
        Users(state, mm);
        LeaveOutReader(state);
    }

    // Ours changes while we look at it.
    private static void LeaveOutReader(InferenceState state)
    {
        if (state.Reader is int reader && state.Has("task_struct", "tgid"))
        {
            int tgid = state.At("task_struct", "tgid");
            foreach ((ulong map, _) in state.Maps.Where(pair => (int)state.Read(pair.Value, tgid) == reader).ToArray())
            {
                state.Maps.Remove(map);
            }
        }
    }

    private static void Refuse(InferenceState state, string reason)
    {
        state.Book.Refuse("task_struct", "mm", reason);
        state.Book.Refuse("task_struct", "active_mm", reason);
        state.Book.Refuse("mm_struct", "pgd", reason);
    }

    private static int? RootOffset(InferenceState state, List<ulong> maps)
    {
        HashSet<PhysicalAddress>? listed = state.Kernel.ProcessTables is { } tables ? [.. tables] : null;
        Dictionary<int, HashSet<ulong>> seen = [];
        ulong direct = state.Kernel.Facts.PageOffsetBase!.Value.Value;
        List<int> offsets = FieldSearch.Words(state.Memory, maps, MaxMapBytes, (_, value, offset) =>
        {
            PhysicalAddress root = new(value - direct);
            if (!state.Memory.IsDirect(value) || value % PageFrame.Size != 0 || !(listed is null ? IsRoot(state, root) : listed.Contains(root)))
            {
                return false;
            }

            return (seen.TryGetValue(offset, out HashSet<ulong>? known) ? known : seen[offset] = []).Add(value);
        });
        return offsets.Count == 1 ? offsets[0] : null;
    }

    // Where the kernel's own list cannot be read: the upper half is the kernel's, up to entries that a process got lazily or not yet.
    private static bool IsRoot(InferenceState state, PhysicalAddress root)
    {
        PagingMode mode = state.Kernel.Mode;
        bool text = false;
        for (int i = mode.UserEntries; i < mode.TopEntries; i++)
        {
            ulong at = (ulong)i * sizeof(ulong);
            if (!state.Kernel.Memory.TryRead(root + at, out ulong its) || !state.Kernel.Memory.TryRead(state.Kernel.Space.Root + at, out ulong own))
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

    private static void Active(InferenceState state, int mm)
    {
        KernelBytes memory = state.Memory;
        List<int> offsets = FieldSearch.Words(memory, state.Tasks, state.TaskBytes, (task, value, offset) =>
            offset != mm && (memory.WordOrZero(task + (ulong)mm) is ulong map and not 0 ? value == map : value == 0 || KernelBytes.LooksLikePointer(value)));
        if (offsets.Count == 1)
        {
            state.Book.Add("task_struct", "active_mm", offsets[0], state.Book.PointerTo("mm_struct"), state.Tasks.Count,
                "equals mm in every task that has one");
        }
        else
        {
            state.Book.Refuse("task_struct", "active_mm", $"{offsets.Count} offsets beside mm hold the same as it in every task that has one");
        }
    }

    private static void Users(InferenceState state, int mm)
    {
        Dictionary<ulong, ulong> users = [];
        foreach (ulong task in state.Tasks)
        {
            if (state.Memory.WordOrZero(task + (ulong)mm) is ulong map and not 0)
            {
                users[map] = users.GetValueOrDefault(map) + 1;
            }
        }

        List<int> offsets = FieldSearch.HalfWords(state.Memory, [.. state.Maps.Keys], state.MapBytes, (map, value, _) => value == users[map]);
        if (offsets.Count == 1 && users.Values.Distinct().Skip(1).Any())
        {
            state.Book.Add("mm_struct", "mm_users", offsets[0], LayoutBook.Int, state.Maps.Count,
                "counts exactly the tasks that have this mm, which is more than one for some");
        }
        else
        {
            state.Book.Refuse("mm_struct", "mm_users", $"{offsets.Count} offsets count the tasks that have each mm");
        }
    }
}
