using IommuSpy.Analysis.Frames;
using IommuSpy.Linux.Pages;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Pages;

/// <summary>Lists pages.</summary>
public static class PageList
{
    private const int CopyBytes = 1 << 16;

    /// <summary>Tells of each page that has a struct page, in order; of one that the kernel does not use as its memory, the use alone.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="query">Which pages.</param>
    /// <param name="visit">Told of each.</param>
    /// <returns>How many struct pages could not be read.</returns>
    /// <exception cref="Linux.Types.MissingTypeException">Nothing describes struct page.</exception>
    public static ulong Visit(Machine machine, PagesQuery query, Action<PageRow> visit)
    {
        PageKinds kinds = machine.PageKinds.Required;
        MemoryPages pages = machine.Parts.Pages.Required;
        PageCursor cursor = new(pages, new byte[CopyBytes]);
        ulong unreadable = 0;
        foreach (PageSection section in pages.Array.Sections)
        {
            ulong first = Math.Max(section.First.Number, query.First.Number);
            ulong last = Math.Min(section.First.Number + PageSection.Frames - 1, query.Last.Number);
            for (ulong number = first; number <= last; number++)
            {
                PageFrame frame = new(number);
                if (!section.Has(frame))
                {
                    continue;
                }

                if (machine.UnusualFrames.KindOf(frame, pages.StateOf(frame)) is PageKind unusual)
                {
                    if (query.Kind is null || unusual == query.Kind)
                    {
                        visit(new(frame, 0, StablePageFlags.Nopage, 0, 0, unusual, query.WithOwners ? machine.UnusualFrames.OwnerOf(frame, unusual) : null));
                    }

                    continue;
                }

                if (!cursor.MoveTo(frame))
                {
                    unreadable++;
                    continue;
                }

                PageKind kind = kinds.KindOf(ref cursor);
                if (query.Kind is null || kind == query.Kind)
                {
                    PageRecord page = cursor.Page;
                    visit(new(frame, page.Flags, cursor.StableFlags, page.References, cursor.MapCount, kind,
                        query.WithOwners ? kinds.OwnerOf(ref cursor, kind) : null));
                }
            }
        }

        return unreadable;
    }
}
