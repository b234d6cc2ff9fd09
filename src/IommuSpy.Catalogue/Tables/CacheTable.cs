using System.Globalization;
using IommuSpy.Analysis.Cache;
using IommuSpy.Memory;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Analysis.Cache.CachedFileRow>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>The files that have pages in memory.</summary>
internal sealed class CacheTable() : Table<CachedFileRow>(
    "cache",
    "The files that have pages in the page cache, those with most first.",
    Its.Text("path", "A path of it from the root of its file system; null for one without a name in memory.", row => row.File.Path),
    Its.Text("type", "The file system.", row => row.File.FileSystem),
    Its.Text("superBlock", "Which one of that type: its device, mostly.", row => row.File.SuperBlock),
    Its.Number("inode", "The number of its inode.", row => row.File.Inode),
    Its.Bytes("bytes", "How large it is.", row => row.File.Bytes),
    Its.Bytes("cachedBytes", "How much of it is in memory, in whole pages.", row => row.Pages * PageFrame.Size),
    Its.Number("dirty", "Pages that are newer than what is on disk.", row => row.Dirty, "pages of 4 KiB"),
    Its.Number("writeback", "Pages that are being written.", row => row.Writeback, "pages of 4 KiB"),
    Its.Number("referenced", "Pages that were used since the kernel last looked.", row => row.Referenced, "pages of 4 KiB"),
    Its.Number("active", "Pages on an active list.", row => row.Active, "pages of 4 KiB"),
    Its.Number("mapped", "Pages that a process maps.", row => row.Mapped, "pages of 4 KiB"),
    Its.Address("object", "Where its struct inode is: what `iommu-spy cache` takes, too.", row => row.File.InodeObject?.Value))
{
    /// <inheritdoc/>
    public override void Rows(Question question, Action<CachedFileRow> receive)
    {
        foreach (CachedFileRow row in CachedFileList.Of(question.Machine))
        {
            receive(row);
        }
    }

    /// <inheritdoc/>
    public override RowWriter<CachedFileRow> Text(TextForm form, Question question) => new AlignedText<CachedFileRow>(form,
    [
        new("in memory", row => Size.Text(row.Pages * PageFrame.Size), Right: true),
        new("of", row => row.File.Bytes is ulong bytes ? Size.Text(bytes) : "?", Right: true),
        new("dirty", row => Number(row.Dirty), Right: true),
        new("writeback", row => Number(row.Writeback), Right: true),
        new("mapped", row => Number(row.Mapped), Right: true),
        new("inode at", row => row.File.InodeObject is VirtualAddress inode ? inode.ToString() : "-"),
        new("file", row => row.File.ToString()),
    ]);

    private static string Number(ulong pages) => pages == 0 ? "-" : pages.ToString(CultureInfo.InvariantCulture);
}
