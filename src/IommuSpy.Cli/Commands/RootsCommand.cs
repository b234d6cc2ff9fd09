using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Roots;
using IommuSpy.Cli.Json;
using IommuSpy.Cli.Text;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy roots: every top-level page table.</summary>
internal static class RootsCommand
{
    public static Command Build()
    {
        Command command = new("roots", "Every top-level page table in memory, and whose it is.\n\nExample: iommu-spy roots -s dump.elf");
        SourceOptions source = new(command);
        OutputOptions output = new(command);
        command.SetAction(result =>
        {
            using Machine machine = source.OpenMachine(result);
            RootsReport report = RootsReport.Of(machine);
            if (output.Json(result))
            {
                Output.Json(report, ReportJson.Default.RootsReport);
            }
            else
            {
                using StreamWriter writer = Output.Text();
                RootsText.Write(writer, report);
            }

            return ExitCode.Done;
        });
        return command;
    }
}
