using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Frames;
using IommuSpy.Analysis.Pages;
using IommuSpy.Analysis.Running;
using IommuSpy.Catalogue;
using IommuSpy.Catalogue.Tables;
using IommuSpy.Cli.Json;
using IommuSpy.Cli.Text;
using IommuSpy.Linux.Running;
using IommuSpy.Memory;
using IommuSpy.Memory.Systems;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy pages: every page, or how many there are of each sort.</summary>
internal static class PagesCommand
{
    public static Command Build()
    {
        Option<bool> summary = new("--summary") { Description = "Count them by flags (as the kernel's page-types does), by use, and by owner." };
        Option<string?> range = new("--range") { Description = "Only pfns A to B, both included.", HelpName = "A-B" };
        Option<bool> live =
            new("--live")
            {
                Description = "This machine's pages by /proc/kpageflags and kpagecount alone: on any kernel, with no kernel discovery; flags and counts, no "
                    + "use or owner."
            };
        Option<string?> kind = new("--kind") { Description = $"Only those of a use: {string.Join(", ", Kinds)}.", HelpName = "KIND" };
        kind.CompletionSources.Add([.. Kinds]);
        Command command = new(
            "pages",
            "Every page of physical memory: flags, counts, use, owner. Neighbours that are alike share a line of text; --jsonl has a row each.\n\nExamples: "
                + "iommu-spy pages -s dump.elf --summary\n          iommu-spy pages -s dump.elf --kind slab\n          iommu-spy pages -s dump.elf --range "
                + "0x6000-0x61ff --jsonl\n          sudo iommu-spy pages --live --summary")
        {
            summary,
            range,
            kind,
            live,
        };
        SourceOptions source = new(command);
        TableOptions output = new(command, AllTables.Pages, AllTables.RunningPages);
        command.SetAction(result =>
        {
            (PageFrame first, PageFrame last) = result.GetValue(range) is string text ? Range(text) : (new(0), new(ulong.MaxValue >> PageFrame.Shift));
            PageKind? wanted = result.GetValue(kind) is not string name ? null
                : Words<PageKind>.Parse(name) is PageKind parsed and not PageKind.None ? parsed
                : throw new UsageException($"--kind '{name}': write one of {string.Join(", ", Kinds)}");
            if (result.GetValue(summary) && (result.GetValue(range) is not null || wanted is not null))
            {
                throw new UsageException("--summary counts all pages: it goes without --range and --kind");
            }

            if (result.GetValue(live))
            {
                return Live(result, source, output, wanted is not null, result.GetValue(summary), first, last);
            }

            using Machine machine = source.OpenMachine(result);
            if (result.GetValue(summary))
            {
                Summarize(result, machine, output.ReportForm(result, "a summary"));
                return ExitCode.Done;
            }

            Question question = new Question(machine).With(PagesTable.Range, (first, last));
            long count = output.Answer(result, AllTables.Pages, wanted is PageKind its ? question.With(PagesTable.Kind, its) : question);
            return count > 0 ? ExitCode.Done : throw new NoAnswerException("no such page");
        });
        return command;
    }

    private static int Live(ParseResult result, SourceOptions source, TableOptions output, bool wantsKind, bool summary, PageFrame first, PageFrame last)
    {
        if (source.Named(result).Count > 0 || wantsKind)
        {
            throw new UsageException("--live asks /proc of this machine, which tells no use: it goes without -s and --kind");
        }

        if (summary)
        {
            SummarizeLive(result, output.ReportForm(result, "a summary"));
            return ExitCode.Done;
        }

        return output.Answer(result, AllTables.RunningPages, new Question().With(PagesTable.Range, (first, last))) > 0 ? ExitCode.Done
            : throw new NoAnswerException("no such page");
    }

    private static void SummarizeLive(ParseResult result, AnswerForm form)
    {
        using RunningPages pages = RunningPages.Open(RunningFiles.Here);
        Reports.Write(result, form, RunningPagesSummary.Of(pages), ReportJson.Default.RunningPagesSummary,
            (writer, report) => PagesSummaryText.WriteFlags(writer, report.Flags, report.Pages), "pages-live-summary");
    }

    private static IEnumerable<string> Kinds => Words<PageKind>.All.Where(word => word != Words<PageKind>.Of(PageKind.None));

    private static (PageFrame First, PageFrame Last) Range(string text)
    {
        int dash = text.IndexOf('-', StringComparison.Ordinal);
        return dash > 0 && AddressExpression.TryParseNumber(text.AsSpan(0, dash), out ulong first)
            && AddressExpression.TryParseNumber(text.AsSpan(dash + 1), out ulong last) && first <= last
            ? (new(first), new(last))
            : throw new UsageException($"--range '{text}': write A-B, two pfns");
    }

    private static void Summarize(ParseResult result, Machine machine, AnswerForm form) => Reports.Write(
        result, form, PagesSummary.Of(machine), ReportJson.Default.PagesSummary, PagesSummaryText.Write, "pages-summary");
}
