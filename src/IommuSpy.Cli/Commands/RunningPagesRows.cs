using IommuSpy.Analysis.Running;
using IommuSpy.Cli.Json;
using IommuSpy.Cli.Text;
using IommuSpy.Linux.Pages;
using IommuSpy.Linux.Running;
using IommuSpy.Memory;
using IommuSpy.Memory.Systems;

namespace IommuSpy.Cli.Commands;

/// <summary>pages --live: this machine's pages by /proc/kpageflags and kpagecount alone.</summary>
internal static class RunningPagesRows
{
    /// <summary>Writes a row a page, or a line of text for neighbours that are alike.</summary>
    /// <returns>How many pages there were.</returns>
    public static ulong Write(PageFrame first, PageFrame last, bool json, bool lines)
    {
        using RunningPages pages = RunningPages.Open(RunningFiles.Here);
        ulong count = 0;
        if (json || lines)
        {
            Output.Rows(lines, rows => pages.Visit(first, last, (frame, flags, mappings) =>
            {
                count++;
                Write(rows, frame, flags, mappings);
            }));
            return count;
        }

        using StreamWriter writer = Output.Text();
        StableFlagsRunText runs = new(writer);
        pages.Visit(first, last, (frame, flags, mappings) =>
        {
            count++;
            runs.Write(frame, flags, mappings);
        });
        runs.Finish();
        return count;
    }

    /// <summary>Counts them by flags.</summary>
    public static void Summarize(bool json)
    {
        using RunningPages pages = RunningPages.Open(RunningFiles.Here);
        RunningPagesSummary report = RunningPagesSummary.Of(pages);
        if (json)
        {
            Output.Json(report, ReportJson.Default.RunningPagesSummary);
            return;
        }

        using StreamWriter writer = Output.Text();
        PagesSummaryText.WriteFlags(writer, report.Flags, report.Pages);
    }

    private static void Write(RowWriter rows, PageFrame frame, StablePageFlags flags, ulong? mappings)
    {
        rows.Begin();
        rows.Hex("pfn"u8, frame.Number);
        rows.Hex("kernelPageFlags"u8, (ulong)flags);
        rows.Texts("names"u8, StablePageFlagNames.Of(flags));
        rows.Number("mappings"u8, mappings);
        rows.End();
    }
}
