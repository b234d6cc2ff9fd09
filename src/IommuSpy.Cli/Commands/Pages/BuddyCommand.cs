using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Pages;
using IommuSpy.Catalogue;
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
        TableOptions output = new(command, AllTables.Buddy);
        command.SetAction(result =>
        {
            using Machine machine = source.OpenMachine(result);
            if (output.AsksForRows(result, out AnswerForm form))
            {
                return output.Answer(result, AllTables.Buddy, new Question(machine)) > 0 ? ExitCode.Done : ExitCode.NoAnswer;
            }

            BuddyReport report = BuddyReport.Of(machine);
            Reports.Write(result, form, report, ReportJson.Default.BuddyReport,
                (writer, shown) => BuddyText.Write(writer, shown, result.GetValue(types)));
            return report.Zones.Count > 0 ? ExitCode.Done : ExitCode.NoAnswer;
        });
        return command;
    }
}
