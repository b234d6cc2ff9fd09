using IommuSpy.Analysis.Frames;
using IommuSpy.Linux.Pages;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Pages;

/// <summary>All pages of a machine, counted.</summary>
/// <param name="Pages">Page frames that have a struct page.</param>
/// <param name="Unreadable">Struct pages that could not be read.</param>
/// <param name="Flags">By flags, the most pages first.</param>
/// <param name="Kinds">By what they are used for, the most pages first.</param>
/// <param name="Owners">Slab caches and files, the most pages first.</param>
public sealed record PagesSummary(ulong Pages, ulong Unreadable, IReadOnlyList<FlagsCount> Flags, IReadOnlyList<KindCount> Kinds,
    IReadOnlyList<OwnerCount> Owners)
{
    private const int CopyBytes = 1 << 16;

    /// <summary>Counts the pages of a machine.</summary>
    /// <exception cref="Linux.Types.MissingTypeException">Nothing describes struct page.</exception>
    public static PagesSummary Of(Machine machine)
    {
        PageKinds kinds = machine.PageKinds.Required;
        Dictionary<StablePageFlags, ulong> byFlags = [];
        Dictionary<PageKind, ulong> byKind = [];
        Dictionary<(PageKind, string), ulong> byOwner = [];
        MemoryPages pages = machine.Parts.Pages.Required;
        PageCursor cursor = new(pages, new byte[CopyBytes]);
        ulong count = 0;
        ulong unreadable = 0;
        foreach (PageSection section in pages.Array.Sections)
        {
            for (ulong i = 0; i < PageSection.Frames; i++)
            {
                PageFrame frame = new(section.First.Number + i);
                if (!section.Has(frame))
                {
                    continue;
                }

                if (machine.UnusualFrames.KindOf(frame, pages.StateOf(frame)) is PageKind unusual)
                {
                    count++;
                    byFlags[StablePageFlags.Nopage] = byFlags.GetValueOrDefault(StablePageFlags.Nopage) + 1;
                    byKind[unusual] = byKind.GetValueOrDefault(unusual) + 1;
                    continue;
                }

                if (!cursor.MoveTo(frame))
                {
                    unreadable++;
                    continue;
                }

                count++;
                PageKind kind = kinds.KindOf(ref cursor);
                StablePageFlags flags = cursor.StableFlags;
                byFlags[flags] = byFlags.GetValueOrDefault(flags) + 1;
                byKind[kind] = byKind.GetValueOrDefault(kind) + 1;
                string? owner = kind switch
                {
                    PageKind.Slab => machine.Parts.Slabs.Value?.CacheOf(frame)?.Name,
                    PageKind.File => machine.Parts.PageFiles.Required.Of(new(cursor.Folio.Head.Mapping)).ToString(),
                    _ => null,
                };
                if (owner is not null)
                {
                    byOwner[(kind, owner)] = byOwner.GetValueOrDefault((kind, owner)) + 1;
                }
            }
        }

        return new(
            count,
            unreadable,
            [.. byFlags.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key).Select(pair => FlagsCount.Of(pair.Key, pair.Value))],
            [.. byKind.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key).Select(pair => new KindCount(pair.Key, pair.Value))],
            [.. byOwner.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key)
                .Select(pair => new OwnerCount(pair.Key.Item1, pair.Key.Item2, pair.Value))]);
    }
}
