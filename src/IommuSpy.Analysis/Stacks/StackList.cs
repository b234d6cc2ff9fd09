using IommuSpy.Linux.Stacks;
using IommuSpy.Linux.Tasks;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Stacks;

/// <summary>Kernel stacks.</summary>
public static class StackList
{
    /// <summary>The stacks of tasks, by number.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="task">The task; null for every thread.</param>
    /// <exception cref="MissingTypeException">This kernel's stacks cannot be followed.</exception>
    public static IEnumerable<StackRow> OfTasks(Machine machine, KernelTask? task)
    {
        ArgumentNullException.ThrowIfNull(machine);
        StackWalker walker = machine.Parts.StackWalker.Required;
        return (task is null ? machine.Parts.Tasks.Required.AllThreads : [task])
            .Select(one => new StackRow([one.Pid], [one.Comm ?? "?"], null, one.State, walker.TraceOf(one)));
    }

    /// <summary>The stacks of CPUs, as their registers in the image tell.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="cpu">The CPU; null for all.</param>
    /// <exception cref="MissingTypeException">The image has no registers of it, or this kernel's stacks cannot be followed.</exception>
    public static IEnumerable<StackRow> OfCpus(Machine machine, int? cpu)
    {
        ArgumentNullException.ThrowIfNull(machine);
        IReadOnlyList<CpuState> cpus = machine.Image.Cpus;
        if (cpus.Count == 0 || cpu >= cpus.Count)
        {
            throw new MissingTypeException(
                cpus.Count == 0 ? "this image has no registers of CPUs: a raw file never has" : $"this image has registers of {cpus.Count} CPUs");
        }

        StackWalker walker = machine.Parts.StackWalker.Required;
        return Enumerable.Range(0, cpus.Count).Where(number => cpu is null || number == cpu)
            .Select(number => new StackRow([], [], number, null, walker.TraceOf(cpus[number])));
    }

    /// <summary>Tasks with the same stack as one row, the largest groups first.</summary>
    public static IEnumerable<StackRow> Grouped(IEnumerable<StackRow> rows) => rows
        .GroupBy(row => string.Join('\n', row.Trace.Frames.Select(frame => frame.Address.ToString())) + row.Trace.Problem, StringComparer.Ordinal)
        .OrderByDescending(group => group.Count())
        .Select(group => group.First() with
        {
            Pids = [.. group.SelectMany(row => row.Pids)],
            Names = [.. group.SelectMany(row => row.Names).Distinct(StringComparer.Ordinal)],
            State = group.Select(row => row.State).Distinct().Count() == 1 ? group.First().State : null,
        });
}
