using System.CommandLine;
using System.Globalization;
using IommuSpy.Analysis;
using IommuSpy.Catalogue;
using IommuSpy.Catalogue.Tables;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy stack: kernel stacks.</summary>
internal static class StackCommand
{
    private const string Every = "all";

    public static Command Build()
    {
        Argument<string?> pid = new("PID")
        {
            Description = "Number of a task (see `iommu-spy ps --threads`); without one, every task.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Option<bool> all = new("--all") { Description = "Every task, as without PID." };
        Option<string?> cpu = new("--cpu") { Description = "The stack of a CPU instead, by its registers in the image; all for each.", HelpName = "N|all" };
        Option<bool> group = new("--group") { Description = "Tasks with the same stack together, the largest groups first." };
        Command command = new(
            "stack",
            "Kernel stacks, of tasks that sleep or of CPUs: where on the stack, the address, and the function as the kernel prints it. They are followed by "
                + "the kernel's own tables (ORC), which are in memory, or by frame pointers where it has none; where that ends early, it is said.\n\n"
                + "Examples: iommu-spy stack -s dump.elf 173\n          iommu-spy stack -s dump.elf --group\n          iommu-spy bt -s dump.elf --cpu 0")
        {
            pid,
            all,
            cpu,
            group,
        };
        command.Aliases.Add("bt");
        SourceOptions source = new(command);
        TableOptions output = new(command, AllTables.Stack);
        command.SetAction(result =>
        {
            string? number = result.GetValue(pid);
            if (new[] { number is not null, result.GetValue(all), result.GetValue(cpu) is not null }.Count(given => given) > 1)
            {
                throw new UsageException("PID, --all and --cpu are different stacks: give one of them");
            }

            int? processor = result.GetValue(cpu) is not string which ? null
                : which == Every ? -1
                : int.TryParse(which, NumberStyles.None, CultureInfo.InvariantCulture, out int its) ? its
                : throw new UsageException($"--cpu '{which}': write the number of a CPU, or all");
            using Machine machine = source.OpenMachine(result);
            Question question = new Question(machine).With(StackTable.Group, result.GetValue(group))
                .With(StackTable.Task, number is null ? null : Processes.Of(machine, number)).With(StackTable.Cpu, (object?)processor);
            output.Answer(result, AllTables.Stack, question);
            return ExitCode.Done;
        });
        return command;
    }
}
