using System.CommandLine;
using IommuSpy.Analysis.Doctor;
using IommuSpy.Catalogue;
using IommuSpy.Cli.Json;
using IommuSpy.Cli.Text;
using IommuSpy.Memory.Systems;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy doctor: what of the live commands works on this machine.</summary>
internal static class DoctorCommand
{
    public static Command Build()
    {
        Command command = new("doctor",
            "What of the live commands works on this machine, why the rest does not, and what would help. It changes nothing.\n\nExample: sudo "
                + "iommu-spy doctor");
        TableOptions output = new(command, AllTables.Doctor);
        command.SetAction(result =>
        {
            if (output.AsksForRows(result, out AnswerForm form))
            {
                output.Answer(result, AllTables.Doctor, new Question());
                return ExitCode.Done;
            }

            DoctorReport report = DoctorReport.Of(RunningFiles.Here);
            Reports.Write(result, form, report, ReportJson.Default.DoctorReport, DoctorText.Write);
            return ExitCode.Done;
        });
        return command;
    }
}
