using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Layout;
using IommuSpy.Catalogue;
using IommuSpy.Catalogue.Tables;
using IommuSpy.Cli.Json;
using IommuSpy.Cli.Text;
using IommuSpy.Linux.Architecture;
using IommuSpy.Linux.Layout;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy layout: the virtual memory map, real or documented.</summary>
internal static class LayoutCommand
{
    private const string Newest = "6.12";

    public static Command Build()
    {
        Option<bool> documented = new("--documented") { Description = "The documented map alone; needs no source." };
        Option<string?> kernel = new("--kernel") { Description = $"Of --documented: for which release; {Newest} without it.", HelpName = "RELEASE" };
        Option<int> paging = new("--paging") { Description = "Of --documented: 4 or 5 levels.", DefaultValueFactory = _ => 4, HelpName = "LEVELS" };
        paging.CompletionSources.Add("4", "5");
        Command command = new(
            "layout",
            "The virtual memory map: for each region where the documentation has it, where it is here, and what is mapped in it.\n\nExamples: iommu-spy layout "
                + "-s dump.elf\n          iommu-spy layout --documented --kernel 3.16")
        {
            documented,
            kernel,
            paging,
        };
        SourceOptions source = new(command);
        TableOptions output = new(command, AllTables.Layout, AllTables.DocumentedLayout);
        command.SetAction(result =>
        {
            bool rows = output.AsksForRows(result, out AnswerForm form);
            if (result.GetValue(documented))
            {
                string release = result.GetValue(kernel) ?? Newest;
                int levels = result.GetValue(paging);
                DocumentedLayout layout = CpuArchitecture.FindDocumented(release, levels)
                    ?? throw new UsageException($"no documented map for kernel '{release}' with {levels} levels");
                if (rows)
                {
                    output.Answer(result, AllTables.DocumentedLayout, new Question().With(DocumentedLayoutTable.Map, layout));
                    return ExitCode.Done;
                }

                DocumentedLayoutReport map = DocumentedLayoutReport.Of(layout);
                Reports.Write(result, form, map, ReportJson.Default.DocumentedLayoutReport, LayoutText.Write, "layout-documented");
                return ExitCode.Done;
            }

            if (result.GetValue(kernel) is not null)
            {
                throw new UsageException("--kernel goes with --documented");
            }

            using Machine machine = source.OpenMachine(result);
            if (rows)
            {
                output.Answer(result, AllTables.Layout, new Question(machine));
                return ExitCode.Done;
            }

            LayoutReport report = LayoutReport.Of(machine);
            Reports.Write(result, form, report, ReportJson.Default.LayoutReport, LayoutText.Write);
            return ExitCode.Done;
        });
        return command;
    }
}
