using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Pages;
using IommuSpy.Cli.Json;
using IommuSpy.Cli.Text;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy buddy: free memory by zone and order.</summary>
internal static class BuddyCommand
{
    public static Command Build()
    {
        Option<bool> types = new("--types-of-blocks") { Description = "By migrate type too, as /proc/pagetypeinfo." };
        Command command = new(
            "buddy",
            "Free memory by zone: blocks of each order as /proc/buddyinfo, and what CPUs keep for themselves.\n\nExamples: iommu-spy buddy -s dump.elf\n       "
                + "   iommu-spy buddy -s dump.elf --types-of-blocks")
        {
            types,
        };
        SourceOptions source = new(command);
        OutputOptions output = new(command);
        command.SetAction(result =>
        {
            using Machine machine = source.OpenMachine(result);
            BuddyReport report = BuddyReport.Of(machine);
            Reports.Write(result, output.Form(result), report, ReportJson.Default.BuddyReport,
                (writer, shown) => BuddyText.Write(writer, shown, result.GetValue(types)));
            return report.Zones.Count > 0 ? ExitCode.Done : ExitCode.NoAnswer;
        });
        return command;
    }
}
