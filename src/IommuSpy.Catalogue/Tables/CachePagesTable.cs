using System.Globalization;
using IommuSpy.Analysis.Cache;
using IommuSpy.Linux.PageCache;
using IommuSpy.Memory;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Linux.PageCache.CacheRun>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>Where the pages of a file are.</summary>
internal sealed class CachePagesTable() : Table<CacheRun>(
    "cache-pages",
    "Where the pages of a file are: in memory, on a swap device, or not there, neighbours merged.",
    Its.Hex("start", "Where in the file the first page begins.", row => row.Index << PageFrame.Shift),
    Its.Hex("end", "Where the last one ends, exclusive; the file may end before.", row => row.End << PageFrame.Shift),
    Its.Text("state", "cached: in memory; unread: a page of memory is there for it that is not filled, or not with all blocks of the file system; swapped: "
        + "on a swap device; evicted: it was in memory, and is on disk; absent: on disk, as far as memory tells; hole: the file system is in memory alone, "
        + "and it reads as zeros; unknown: what stands for it could not be followed.",
        row => Words<CacheState>.Of(row.State)),
    Its.Number("pages", "How many.", row => row.Pages, "pages of 4 KiB"),
    Its.Address("physical", "Where the first one is; the others follow it.", row => row.Frame?.Address.Value),
    Its.Text("swap", "Of what is swapped out, the device's number and the first one's place on it, in pages: 0:0x1c.", Swap),
    Its.Number("dirty", "How many are newer than what is on disk.", row => row.Dirty, "pages of 4 KiB"),
    Its.Number("writeback", "How many are being written.", row => row.Writeback, "pages of 4 KiB"),
    Its.Number("referenced", "How many were used since the kernel last looked.", row => row.Referenced, "pages of 4 KiB"),
    Its.Number("active", "How many are on an active list.", row => row.Active, "pages of 4 KiB"),
    Its.Number("mapped", "How many a process maps.", row => row.Mapped, "pages of 4 KiB"))
{
    /// <summary>The file.</summary>
    public static Filter<CachedFile> File { get; } = new("file", "The pages of this file.");

    /// <inheritdoc/>
    public override TableSubject Subject => TableSubject.Part;

    /// <inheritdoc/>
    public override IReadOnlyList<Filter> Filters => [File];

    /// <inheritdoc/>
    public override void Rows(Question question, Action<CacheRun> receive)
    {
        if (question.Find(File) is CachedFile file)
        {
            question.Tell(file.Problems);
            foreach (CacheRun run in file.Runs)
            {
                receive(run);
            }
        }
    }

    /// <inheritdoc/>
    public override RowWriter<CacheRun> Text(TextForm form, Question question) => new AlignedText<CacheRun>(form,
    [
        new("offset", row => $"{row.Index << PageFrame.Shift:x8}-{row.End << PageFrame.Shift:x8}"),
        new("size", row => Size.Text(row.Pages << PageFrame.Shift), Right: true),
        new("state", row => Words<CacheState>.Of(row.State)),
        new("place", row => row.Frame is PageFrame frame ? $"{frame.Address.Value:x16}" : Swap(row) is string swap ? $"swap {swap}" : "-"),
        new("dirty", row => Number(row.Dirty), Right: true),
        new("writeback", row => Number(row.Writeback), Right: true),
        new("referenced", row => Number(row.Referenced), Right: true),
        new("mapped", row => Number(row.Mapped), Right: true),
    ])
    {
        Above = question.Find(File) is CachedFile file
            ? [$"{form.Printable(file.File.ToString())}: {Size.Text(file.CachedBytes)} of {Size.Text(file.Bytes)} in memory"]
            : [],
    };

    private static string? Swap(CacheRun run) =>
        run.SwapType is int type ? string.Create(CultureInfo.InvariantCulture, $"{type}:0x{run.SwapOffset:x}") : null;

    private static string Number(ulong pages) => pages == 0 ? "-" : pages.ToString(CultureInfo.InvariantCulture);
}
