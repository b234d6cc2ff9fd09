using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Iommu;
using IommuSpy.Catalogue;
using IommuSpy.Catalogue.Tables;
using IommuSpy.Cli.Json;
using IommuSpy.Cli.Text;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy iommu: the machine's IOMMUs and what their tables say of each device.</summary>
internal static class IommuCommand
{
    public static Command Build()
    {
        Option<bool> scan = new("--scan")
        {
            Description = "Search all of memory for their tables, too: a witness, and what is left over. Else only where nothing leads to any.",
        };
        Command command = new(
            "iommu",
            "The machine's IOMMUs: their mode, capabilities and tables, how each was found, and what they say of each device."
            + "\n\nExamples: iommu-spy iommu -s dump.elf\n          iommu-spy iommu -s dump.elf --scan")
        {
            scan,
        };
        SourceOptions source = new(command);
        TableOptions output = new(command, AllTables.Iommu);
        command.SetAction(result =>
        {
            using Machine machine = source.OpenMachine(result);
            if (output.AsksForRows(result, out AnswerForm form))
            {
                output.Answer(result, AllTables.Iommu, new Question(machine).With(IommuTable.Scan, result.GetValue(scan)));
                return ExitCode.Done;
            }

            IommuAnswer answer = IommuAnswer.Of(machine, result.GetValue(scan));
            Reports.Write(result, form, answer, ReportJson.Default.IommuAnswer, IommuText.Write);
            return ExitCode.Done;
        });
        return command;
    }
}
