using IommuSpy.Analysis.Frames;
using IommuSpy.Linux.Pages;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Cache;

/// <summary>Which files have pages in the page cache, by all struct pages.</summary>
internal static class CachedFileList
{
    private const int CopyBytes = 1 << 16;

    /// <summary>Counts them.</summary>
    /// <returns>The files, those with most pages first.</returns>
    /// <exception cref="MissingTypeException">Nothing describes struct page.</exception>
    public static IReadOnlyList<CachedFileRow> Of(Machine machine)
    {
        MemoryPages pages = machine.Parts.Pages.Required;
        PageKinds kinds = machine.PageKinds.Required;
        PageFiles files = machine.Parts.PageFiles.Required;
        Dictionary<ulong, Counts> counts = [];
        PageCursor cursor = new(pages, new byte[CopyBytes]);
        foreach (PageSection section in pages.Array.Sections)
        {
            for (ulong i = 0; i < PageSection.Frames; i++)
            {
                PageFrame frame = new(section.First.Number + i);
                if (!section.Has(frame) || machine.UnusualFrames.KindOf(frame, pages.StateOf(frame)) is not null || !cursor.MoveTo(frame)
                    || kinds.KindOf(ref cursor) != PageKind.File)
                {
                    continue;
                }

                ulong mapping = cursor.Folio.Head.Mapping & ~3UL;
                if (!counts.TryGetValue(mapping, out Counts? its))
                {
                    counts[mapping] = its = new();
                }

                its.Add(cursor.FolioFlags, cursor.MapCount > 0);
            }
        }

        return
        [
            .. counts.Select(pair => pair.Value.Of(files.Of(new(pair.Key)))).OrderByDescending(row => row.Pages)
                .ThenBy(row => row.File.ToString(), StringComparer.Ordinal).ThenBy(row => row.File.Mapping.Value),
        ];
    }

    private sealed class Counts
    {
        private ulong _pages;
        private ulong _dirty;
        private ulong _writeback;
        private ulong _referenced;
        private ulong _active;
        private ulong _mapped;

        public void Add(StablePageFlags flags, bool isMapped)
        {
            _pages++;
            _dirty += Has(flags, StablePageFlags.Dirty);
            _writeback += Has(flags, StablePageFlags.Writeback);
            _referenced += Has(flags, StablePageFlags.Referenced);
            _active += Has(flags, StablePageFlags.Active);
            _mapped += isMapped ? 1UL : 0;
        }

        public CachedFileRow Of(PageFile file) => new(file, _pages, _dirty, _writeback, _referenced, _active, _mapped);

        private static ulong Has(StablePageFlags flags, StablePageFlags one) => (flags & one) != StablePageFlags.None ? 1UL : 0;
    }
}
