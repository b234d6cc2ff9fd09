using System.Globalization;
using IommuSpy.Analysis;
using IommuSpy.Linux.Tasks;

namespace IommuSpy.Cli;

/// <summary>Processes from the command line.</summary>
internal static class Processes
{
    /// <summary>A task of a machine by its number.</summary>
    /// <exception cref="UsageException">The text is no number.</exception>
    /// <exception cref="NoAnswerException">No task has it.</exception>
    public static KernelTask Of(Machine machine, string text)
    {
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int pid))
        {
            throw new UsageException($"'{text}' is no process: write its number (see iommu-spy ps)");
        }

        return machine.Parts.Tasks.Required.Find(pid) ?? throw new NoAnswerException($"no process or thread has the number {pid} (see iommu-spy ps)");
    }

    /// <summary>A task that has user memory.</summary>
    /// <inheritdoc cref="Of"/>
    public static KernelTask WithMemory(Machine machine, string text)
    {
        KernelTask task = Of(machine, text);
        return task.Mm is not null ? task
            : throw new NoAnswerException($"{task} {(task.IsKernelThread ? "is a kernel thread: it" : "has ended: it")} has no user memory");
    }
}
