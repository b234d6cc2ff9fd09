using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Pages;
using IommuSpy.Cli.Json;
using IommuSpy.Cli.Text;
using IommuSpy.Memory;

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
        Option<string?> kind = new("--kind") { Description = $"Only those of a use: {string.Join(", ", Kinds.Keys)}.", HelpName = "KIND" };
        kind.CompletionSources.Add([.. Kinds.Keys]);
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
        OutputOptions output = new(command, rows: true);
        command.SetAction(result =>
        {
            (PageFrame first, PageFrame last) = result.GetValue(range) is string text ? Range(text) : (new(0), new(ulong.MaxValue >> PageFrame.Shift));
            PageKind? wanted = result.GetValue(kind) is not string name ? null
                : Kinds.TryGetValue(name, out PageKind its) ? its : throw new UsageException($"--kind '{name}': write one of {string.Join(", ", Kinds.Keys)}");
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
                Summarize(machine, output.Json(result) || output.JsonLines(result));
                return ExitCode.Done;
            }

            ulong count = 0;
            ulong unreadable = 0;
            PagesQuery query = new(first, last, wanted);
            if (output.JsonLines(result) || output.Json(result))
            {
                Output.Rows(output.JsonLines(result), rows => unreadable = PageList.Visit(machine, query, row =>
                {
                    count++;
                    Write(rows, machine, row);
                }));
            }
            else
            {
                using StreamWriter writer = Output.Text();
                PageRunText runs = new(writer);
                unreadable = PageList.Visit(machine, query, row =>
                {
                    count++;
                    runs.Write(row);
                });
                runs.Finish();
            }

            if (unreadable > 0)
            {
                Output.Problem($"{unreadable} struct pages are not in the image: their pages are left out");
            }

            return count > 0 ? ExitCode.Done : throw new NoAnswerException("no such page");
        });
        return command;
    }

    private static int Live(ParseResult result, SourceOptions source, OutputOptions output, bool wantsKind, bool summary, PageFrame first, PageFrame last)
    {
        if (source.Named(result).Count > 0 || wantsKind)
        {
            throw new UsageException("--live asks /proc of this machine, which tells no use: it goes without -s and --kind");
        }

        if (summary)
        {
            RunningPagesRows.Summarize(output.Json(result) || output.JsonLines(result));
            return ExitCode.Done;
        }

        return RunningPagesRows.Write(first, last, output.Json(result), output.JsonLines(result)) > 0 ? ExitCode.Done
            : throw new NoAnswerException("no such page");
    }

    private static SortedDictionary<string, PageKind> Kinds { get; } =
        new(Enum.GetValues<PageKind>().Where(kind => kind != PageKind.None)
            .ToDictionary(kind => $"{char.ToLowerInvariant(kind.ToString()[0])}{kind.ToString()[1..]}", StringComparer.Ordinal), StringComparer.Ordinal);

    private static (PageFrame First, PageFrame Last) Range(string text)
    {
        int dash = text.IndexOf('-', StringComparison.Ordinal);
        return dash > 0 && AddressExpression.TryParseNumber(text.AsSpan(0, dash), out ulong first)
            && AddressExpression.TryParseNumber(text.AsSpan(dash + 1), out ulong last) && first <= last
            ? (new(first), new(last))
            : throw new UsageException($"--range '{text}': write A-B, two pfns");
    }

    private static void Summarize(Machine machine, bool json)
    {
        PagesSummary report = PagesSummary.Of(machine);
        if (json)
        {
            Output.Json(report, ReportJson.Default.PagesSummary);
            return;
        }

        using StreamWriter writer = Output.Text();
        PagesSummaryText.Write(writer, report);
    }

    private static void Write(RowWriter rows, Machine machine, in PageRow row)
    {
        rows.Begin();
        rows.Hex("pfn"u8, row.Frame.Number);
        rows.Texts("flags"u8, machine.Pages.Flags.Of(row.FlagsWord));
        rows.Hex("kernelPageFlags"u8, (ulong)row.StableFlags);
        rows.Integer("references"u8, row.References);
        rows.Number("mappings"u8, row.Mappings);
        rows.Text("kind"u8, $"{char.ToLowerInvariant(row.Kind.ToString()[0])}{row.Kind.ToString()[1..]}");
        rows.Text("owner"u8, row.Owner);
        rows.End();
    }
}
