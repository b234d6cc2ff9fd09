using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Info;
using IommuSpy.Cli.Json;
using IommuSpy.Cli.Text;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy info: what machine and kernel this is, and how each thing was found.</summary>
internal static class InfoCommand
{
    public static Command Build()
    {
        Command command = new("info",
            "What machine and kernel an image shows, its memory, and how each fact was found.\n\nExample: iommu-spy info -s dump.elf");
        SourceOptions source = new(command);
        OutputOptions output = new(command);
        command.SetAction(result =>
        {
            using Machine machine = source.OpenMachine(result);
            InfoReport report = InfoReport.Of(machine);
            Reports.Write(result, output.Form(result), report, ReportJson.Default.InfoReport, InfoText.Write);

            return ExitCode.Done;
        });
        return command;
    }
}
