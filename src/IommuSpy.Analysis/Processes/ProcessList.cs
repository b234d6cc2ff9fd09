using IommuSpy.Linux.AddressSpaces;
using IommuSpy.Linux.Tasks;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Processes;

/// <summary>The processes of a machine.</summary>
/// <param name="Rows">By pid; in a tree, each after its parent and before its parent's next child.</param>
/// <param name="Problems">What is missing from it or contradicts itself, a line each; empty where nothing does.</param>
public sealed record ProcessList(IReadOnlyList<ProcessReport> Rows, IReadOnlyList<string> Problems)
{
    /// <summary>Reads the processes.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="threads">Every thread, rather than a row a process.</param>
    /// <param name="tree">Children below their parents.</param>
    /// <param name="environment">The environment of each process, too.</param>
    /// <exception cref="MissingTypeException">This kernel's tasks are not described.</exception>
    public static ProcessList Of(Machine machine, bool threads = false, bool tree = false, bool environment = false)
    {
        TaskTable tasks = machine.Parts.Tasks.Required;
        ResidentPages resident = new(machine.Parts.Objects.Required);
        ProcessDetails details = new(machine.Parts.Objects.Required);
        ControlGroups groups = new(machine.Parts.Objects.Required);
        TaskNamespaces namespaces = new(machine.Parts.Objects.Required);
        IReadOnlyList<string>? first = tasks.Find(1) is KernelTask init ? namespaces.Of(init) : null;
        List<string> problems = [.. tasks.Damage];
        List<ProcessReport> rows = [];
        foreach ((KernelTask process, int depth) in tree ? ProcessTree.Order(tasks.Processes) : tasks.Processes.Select(process => (process, 0)))
        {
            ulong? pages = process.Mm is null ? 0 : resident.Of(process.Mm.Value) ?? ByTables(machine, process);
            if (process.Problem is not null)
            {
                problems.Add($"{process}: {process.Problem}");
            }

            if (!threads)
            {
                rows.Add(Of(process, pages, depth));
                continue;
            }

            (IReadOnlyList<KernelTask> all, string? damage) = tasks.Threads(process);
            rows.AddRange(all.Select(thread => Of(thread, thread.Mm is null ? 0 : pages, depth)));
            if (damage is not null)
            {
                problems.Add($"{process}: its list of threads: {damage}");
            }
        }

        return new(threads && !tree ? [.. rows.OrderBy(row => row.Pid)] : rows, problems);

        ProcessReport Of(KernelTask task, ulong? pages, int depth)
        {
            ulong? started = details.StartedOf(task);
            IReadOnlyList<string> its = namespaces.Of(task);
            return ProcessReport.Of(task, pages, depth) with
            {
                StartedSeconds = started / 1e9,
                Started = started is ulong nanoseconds ? machine.Parts.Clock.Value?.SinceBoot(nanoseconds) : null,
                Arguments = details.ArgumentsOf(task),
                Environment = environment ? details.EnvironmentOf(task) : null,
                Cpu = details.CpuOf(task),
                ControlGroups = groups.Of(task),
                Namespaces = its,
                OwnNamespaces = first is null ? [] : [.. its.Except(first, StringComparer.Ordinal)],
            };
        }
    }

    /// <summary>
    /// The resident pages of a process as its page tables have them, where the kernel's own counters are not described; null where its areas are not either.
    /// </summary>
    private static ulong? ByTables(Machine machine, KernelTask process)
    {
        if (process.Root is not PhysicalAddress root || machine.Parts.MemoryOf(process).Value is not ProcessMemory memory)
        {
            return null;
        }

        ulong bytes = 0;
        foreach (MemoryArea area in memory.Areas)
        {
            bytes += AreaUsage.Of(machine.Kernel.Memory, machine.Space(root), area, machine.Parts.UserEntries).Resident;
        }

        return bytes / PageFrame.Size;
    }
}
