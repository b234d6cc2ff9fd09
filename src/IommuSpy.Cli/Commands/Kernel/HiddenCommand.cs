using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Catalogue;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy hidden: what one of the kernel's structures shows and another one hides.</summary>
internal static class HiddenCommand
{
    public static Command Build()
    {
        Command command = new(
            "hidden",
            "What one of the kernel's structures shows and another one, that should, does not: tasks that the slab allocator or the table "
                + "of pids holds and no list links, tasks on the list that no pid leads to, modules that lie in modules' memory and are not listed. "
                + "Of a machine that runs, what begins or ends at this moment is shown, too."
                + "\n\nExample: iommu-spy hidden -s dump.elf");
        SourceOptions source = new(command);
        TableOptions output = new(command, AllTables.Hidden);
        command.SetAction(result =>
        {
            using Machine machine = source.OpenMachine(result);
            output.Answer(result, AllTables.Hidden, new Question(machine));
            return ExitCode.Done;
        });
        return command;
    }
}
