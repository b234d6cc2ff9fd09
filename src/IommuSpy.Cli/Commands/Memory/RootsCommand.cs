using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Catalogue;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy roots: every top-level page table.</summary>
internal static class RootsCommand
{
    public static Command Build()
    {
        Command command = new("roots", "Every top-level page table in memory, and whose it is.\n\nExample: iommu-spy roots -s dump.elf");
        SourceOptions source = new(command);
        TableOptions output = new(command, AllTables.Roots);
        command.SetAction(result =>
        {
            using Machine machine = source.OpenMachine(result);
            output.Answer(result, AllTables.Roots, new Question(machine));
            return ExitCode.Done;
        });
        return command;
    }
}
