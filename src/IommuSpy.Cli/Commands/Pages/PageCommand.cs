using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Frames;
using IommuSpy.Analysis.Pages;
using IommuSpy.Cli.Json;
using IommuSpy.Cli.Text;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy page: what the kernel knows of a physical page.</summary>
internal static class PageCommand
{
    public static Command Build()
    {
        Argument<string[]> pages = new("PFN|ADDR")
        {
            Description = Addresses.PageSpellings,
            Arity = ArgumentArity.OneOrMore,
        };
        Command command = new(
            "page",
            "A physical page by its struct page: what it is used for, whose it is, flags, counts, the file or slab that it belongs to.\n\nExamples: iommu-spy "
                + "page -s dump.elf pfn:0x6f60\n          iommu-spy page -s dump.elf init_task\n          iommu-spy page -s dump.elf phys:0x6f60123 -J")
        {
            pages,
        };
        SourceOptions source = new(command);
        OutputOptions output = new(command);
        command.SetAction(result =>
        {
            using Machine machine = source.OpenMachine(result);
            List<PageReport> reports =
                [.. result.GetRequiredValue(pages).SelectMany(text => Explained(machine, text))];
            Reports.WriteEach(result, output.Form(result), reports, ReportJson.Default.PageReport, PageText.Write);

            return reports.All(report => report.Kind != PageKind.None) ? ExitCode.Done : ExitCode.NoAnswer;
        });
        return command;
    }

    /// <summary>A page, or of a per-CPU symbol that of each CPU.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="text">The page, by any of its spellings.</param>
    public static IEnumerable<PageReport> Explained(Machine machine, string text) =>
        Addresses.Pages(machine, text).Select(page => PageReport.Of(machine, page.Physical.Frame) with { Name = page.Name });
}
