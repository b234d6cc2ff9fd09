using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Tasks;

/// <summary>
/// The tasks that have a number in the first pid namespace (kernel/pid.c): what kill(2) and /proc find them by, where the list of tasks is what the scheduler's
/// other users go through. Since 4.15; before, numbers were kept in a hash table.
/// </summary>
public sealed class PidTable
{
    private readonly KernelObjects _objects;

    private PidTable(KernelObjects objects, IReadOnlyDictionary<VirtualAddress, int> numbers, string? damage)
    {
        _objects = objects;
        Numbers = numbers;
        Damage = damage;
    }

    /// <summary>The number of each task.</summary>
    public IReadOnlyDictionary<VirtualAddress, int> Numbers { get; }

    /// <summary>Why some may be missing; null where all were read.</summary>
    public string? Damage { get; }

    /// <summary>Reads the table.</summary>
    /// <exception cref="MissingTypeException">Nothing describes it, or no symbol leads to it.</exception>
    public static PidTable Of(KernelObjects objects)
    {
        KernelTypes types = objects.Types;
        Field table = types.Struct("pid_namespace").Field("idr");
        Field tasks = types.Struct("pid").Field("tasks");

        // An element for each kind of number, the task's own first; of 4.18 and before a struct pid_link, which begins with the same hlist_node.
        Field links = types.Struct("task_struct").Field("pid_links", "pids");
        Field pid = types.Struct("task_struct").Field("pid");
        VirtualAddress space = objects.Variable("init_pid_ns") ?? throw new MissingTypeException("no symbol init_pid_ns leads to the table of pids");
        XArray entries = XArray.Read(objects, space + table.Offset);
        string? damage = entries.Damage is string broken ? $"the table of pids: {broken}" : null;
        Dictionary<VirtualAddress, int> numbers = [];
        foreach ((ulong number, ulong value) in entries.Entries)
        {
            // A number stays while it names a group or a session, though its task has ended.
            if (objects.Pointer(new VirtualAddress(value) + tasks.Offset) is not VirtualAddress link)
            {
                continue;
            }

            VirtualAddress task = new(unchecked(link.Value - links.Offset));
            if (objects.Read(task, pid) == number)
            {
                numbers[task] = (int)number;
            }
            else
            {
                damage ??= $"the table of pids: number {number} leads to {task}, which is no task of that number";
            }
        }

        return new(objects, numbers, damage);
    }

    /// <summary>Tasks that have a number and are in no list.</summary>
    public IReadOnlyList<KernelTask> Unlisted(TaskTable tasks)
    {
        HashSet<VirtualAddress> listed = [.. tasks.Processes.Concat(tasks.AllThreads).Select(task => task.Address)];
        TaskReader reader = new(_objects);
        return [.. Numbers.Keys.Where(task => !listed.Contains(task)).Select(reader.Read).OfType<KernelTask>().OrderBy(task => task.Pid)];
    }

    /// <summary>Tasks in lists that have no number: nobody can find them by it, and /proc does not show them.</summary>
    public IReadOnlyList<KernelTask> Unnumbered(TaskTable tasks) =>
        [.. tasks.Processes.Concat(tasks.AllThreads).DistinctBy(task => task.Address).Where(task => task.State is not 'X' && !Numbers.ContainsKey(task.Address))
            .OrderBy(task => task.Pid)];
}
