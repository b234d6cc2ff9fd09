using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Pages;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.PageCache;

/// <summary>
/// What the page cache has of a file, by its place in the file, however a kernel keeps that (include/linux/fs.h, struct address_space; mm/filemap.c). A large
/// folio is one entry of several indexes since 5.17; from 5.4 on each of its indexes led to its head, and before that to its own page. Of hugetlbfs the indexes
/// counted huge pages until 6.7 (a08c7193e4f1), and each had one entry; since then they are those of any other file.
/// </summary>
/// <param name="Folios">They, each once.</param>
/// <param name="Damage">Where and why they could not be followed everywhere; null for all of them.</param>
internal sealed record CachedFolios(IReadOnlyList<CachedFolio> Folios, string? Damage)
{
    // A struct page is at most that large.
    private const int CopyBytes = 1 << 12;

    // include/linux/xarray.h, xa_mk_value; before 4.20 RADIX_TREE_EXCEPTIONAL_SHIFT.
    private const int ValueShift = 1;
    private const int OldValueShift = 2;

    // No file is longer than 2^63 bytes.
    private const ulong MostPages = 1UL << (63 - PageFrame.Shift);

    /// <summary>Follows the page cache of a file.</summary>
    /// <param name="pages">The struct pages.</param>
    /// <param name="mapping">Where its struct address_space is.</param>
    /// <exception cref="MissingTypeException">Nothing describes the page cache.</exception>
    public static CachedFolios Of(MemoryPages pages, VirtualAddress mapping)
    {
        KernelObjects objects = pages.Objects;
        Field array = objects.Types.Struct("address_space").Field("i_pages", "page_tree");
        int shift = objects.Types.FindStruct("xa_node") is null ? OldValueShift : ValueShift;
        XArray entries = XArray.Read(objects, mapping + array.Offset, withValues: true);
        List<CachedFolio> folios = [];
        PageCursor cursor = new(pages, stackalloc byte[CopyBytes]);
        ulong next = 0;
        foreach (ArrayEntry entry in entries.Entries)
        {
            CachedFolio folio = entry.IsValue ? new(entry.Index, entry.Count) { Value = entry.Value >> shift } : Folio(pages, mapping, entry, ref cursor);
            if (folio.Index > MostPages || folio.Pages > MostPages - folio.Index)
            {
                folio = new(next, 0) { Problem = $"what follows stands at index 0x{entry.Index:x}, and no file is that long" };
            }
            else if (folio.Index + folio.Pages <= next)
            {
                // Another index of the folio before.
                continue;
            }
            else if (folio.Index < next)
            {
                folio = new(next, 0) { Problem = "what stands there is of pages that another entry has" };
            }

            next = Math.Max(next, folio.Index + folio.Pages);
            folios.Add(folio);
        }

        return new(folios, entries.Damage);
    }

    private static CachedFolio Folio(MemoryPages pages, VirtualAddress mapping, ArrayEntry entry, ref PageCursor cursor)
    {
        CachedFolio none = new(entry.Index, entry.Count);
        if (pages.Array.FrameOf(new(entry.Value)) is not PageFrame frame || !cursor.MoveTo(frame))
        {
            return none with { Problem = $"what stands there, {new VirtualAddress(entry.Value)}, is no struct page, or one that cannot be read" };
        }

        FolioRecord folio = cursor.Folio;
        PageRecord head = folio.Head;
        bool isHead = head.Frame == frame;
        ulong count = isHead ? 1UL << folio.Order : 1;
        bool isByHugePages = folio.IsHugetlb && entry.Count < count;
        ulong within = entry.Index - head.Index;
        if (head.Mapping != mapping.Value || (isByHugePages ? within != 0 : isHead ? within >= count : within != frame.Number - head.Frame.Number))
        {
            return none with { Problem = $"the page at {frame.Address} is of another file, or of another place in it" };
        }

        ulong index = isByHugePages ? Math.Min(entry.Index, MostPages) << folio.Order : isHead ? head.Index : entry.Index;
        return new(index, count) { Frame = frame };
    }
}
