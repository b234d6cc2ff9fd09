using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Who;
using IommuSpy.Catalogue;
using IommuSpy.Catalogue.Tables;
using IommuSpy.Cli.Json;
using IommuSpy.Cli.Text;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy who: everyone who maps a physical page.</summary>
internal static class WhoCommand
{
    public static Command Build()
    {
        Argument<string[]> pages = new("PHYS|PFN")
        {
            Description = Addresses.PageSpellings,
            Arity = ArgumentArity.OneOrMore,
        };
        Command command = new(
            "who",
            "Everyone who maps a physical page: processes, the kernel, and the page table that lives in it.\n\nExamples: iommu-spy who -s dump.elf 0x6f60000\n "
                + "         iommu-spy who -s dump.elf pfn:0x6f60\n          iommu-spy who -s dump.elf init_task")
        {
            pages,
        };
        SourceOptions source = new(command);
        TableOptions output = new(command, AllTables.Who);
        command.SetAction(result =>
        {
            using Machine machine = source.OpenMachine(result);
            List<NamedAddress> wanted = [.. result.GetRequiredValue(pages).SelectMany(text => Addresses.Pages(machine, text))];
            if (output.AsksForRows(result, out AnswerForm form))
            {
                return output.Answer(result, AllTables.Who, new Question(machine).With(WhoTable.Pages, wanted)) > 0 ? ExitCode.Done : ExitCode.NoAnswer;
            }

            List<WhoReport> reports = [.. wanted.Select(page => WhoReport.Of(machine, page.Physical) with { Name = page.Name })];
            Reports.WriteEach(result, form, reports, ReportJson.Default.WhoReport, WhoText.Write);

            return reports.All(report => report.MemoryRange is not null || report.Processes.Count + report.Kernel.Count > 0) ? ExitCode.Done
                : ExitCode.NoAnswer;
        });
        return command;
    }
}
