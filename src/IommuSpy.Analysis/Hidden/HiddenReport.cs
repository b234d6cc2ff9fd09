using IommuSpy.Analysis.Wording;
using IommuSpy.Linux;
using IommuSpy.Linux.Modules;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Tasks;

namespace IommuSpy.Analysis.Hidden;

/// <summary>What the kernel's structures say of one another: whatever one of them shows and another hides.</summary>
/// <param name="Objects">What is hidden.</param>
/// <param name="Compared">What was compared, a sentence each.</param>
/// <param name="Problems">What could not be, a line each: where there is one, an empty list of objects says less.</param>
public sealed record HiddenReport(IReadOnlyList<HiddenObject> Objects, IReadOnlyList<string> Compared, IReadOnlyList<string> Problems)
{
    private const string TaskList = "the list of tasks";
    private const string PidTableName = "the table of pids";

    /// <summary>Asks a machine: its tasks by slab objects and by the table of pids, its modules by their own pointers.</summary>
    public static HiddenReport Of(Machine machine)
    {
        List<HiddenObject> hidden = [];
        List<string> compared = [];
        List<string> problems = [];
        KernelParts parts = machine.Parts;
        _ = Ask("tasks were not compared", problems, () => Tasks(parts, hidden, compared, problems));
        _ = Ask("the table of pids was not compared", problems, () => Pids(parts, hidden, compared, problems));
        _ = Ask("modules were not compared", problems, () => Modules(parts, hidden, compared, problems));
        return new(hidden, compared, problems);
    }

    private static T? Ask<T>(string otherwise, List<string> problems, Func<T> question)
        where T : class
    {
        Part<T> part = Part.Read(question);
        if (part.Absence is string absence)
        {
            problems.Add($"{otherwise}: {absence}");
        }

        return part.Value;
    }

    private static TaskTable Tasks(KernelParts parts, List<HiddenObject> hidden, List<string> compared, List<string> problems)
    {
        TaskTable tasks = parts.Tasks.Required;
        problems.AddRange(tasks.Damage);
        KernelObjects objects = parts.Objects.Required;
        UnlinkedTasks unlinked = UnlinkedTasks.Of(objects, tasks, parts.Slabs.Required, parts.Pages.Required);
        problems.AddRange(unlinked.Damage is string damage ? [damage] : []);
        compared.Add($"{Amount.Of((ulong)unlinked.Compared, "task")} of the slab allocator");
        hidden.AddRange(unlinked.Found.Select(task =>
            new HiddenObject("task", task.Comm, task.Pid, task.Address, task.Root, "slab cache task_struct, live", TaskList)));
        return tasks;
    }

    private static PidTable Pids(KernelParts parts, List<HiddenObject> hidden, List<string> compared, List<string> problems)
    {
        TaskTable tasks = parts.Tasks.Required;
        PidTable pids = PidTable.Of(parts.Objects.Required);
        problems.AddRange(pids.Damage is string damage ? [damage] : []);
        compared.Add($"{Amount.Of((ulong)pids.Numbers.Count, "task")} of {PidTableName}");
        foreach (KernelTask task in pids.Unlisted(tasks))
        {
            // What the slab allocator shows too is one object, seen twice.
            int at = hidden.FindIndex(known => known.Object == task.Address);
            HiddenObject found = new("task", task.Comm, task.Pid, task.Address, task.Root, PidTableName, TaskList);
            if (at < 0)
            {
                hidden.Add(found);
            }
            else
            {
                hidden[at] = hidden[at] with { SeenIn = $"{hidden[at].SeenIn}; {PidTableName}" };
            }
        }

        hidden.AddRange(pids.Unnumbered(tasks).Select(task => new HiddenObject("task", task.Comm, task.Pid, task.Address, task.Root, TaskList, PidTableName)));
        return pids;
    }

    private static ModuleList Modules(KernelParts parts, List<HiddenObject> hidden, List<string> compared, List<string> problems)
    {
        ModuleList list = parts.Modules.Required;
        problems.AddRange(list.Damage is string damage ? [damage] : []);
        UnlinkedModules unlinked = UnlinkedModules.Of(parts.Objects.Required, list, parts.Layout);
        problems.AddRange(unlinked.Damage is string missed ? [missed] : []);
        compared.Add($"{Amount.Of((ulong)unlinked.Compared, "module")} in modules' memory");
        hidden.AddRange(unlinked.Found.Select(module =>
            new HiddenObject("module", module.Name, null, module.Object, null, "modules' memory, by its pointer to itself", "the list of modules")));
        return list;
    }
}
