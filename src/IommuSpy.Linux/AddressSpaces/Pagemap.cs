using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Pages;
using IommuSpy.Linux.Paging;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Linux.AddressSpaces;

/// <summary>
/// Every page of an area as /proc/PID/pagemap tells of it (fs/proc/task_mmu.c, pagemap_pmd_range and pagemap_hugetlb_range). Safe to share between threads.
/// </summary>
/// <param name="memory">Where the tables are.</param>
/// <param name="entries">How the kernel writes their entries.</param>
/// <param name="pages">The struct pages; null where nothing describes them.</param>
public sealed class Pagemap(PhysicalMemory memory, UserEntries entries, MemoryPages? pages)
{
    // So much of an area is looked up at once: it bounds what is kept.
    private const ulong WindowBytes = 1UL << 30;
    private const ulong Anonymous = 1;

    // A large page's mappings were counted for all of its pages by the first one's, until 6.11 (2c1f057e5be6); the flag went in the release before.
    private readonly bool _firstPageCounts = pages?.Flags.Bit("slab") is not null;

    // Since 6.12.8 (59d9094df3d7) sharers have a count of their own; before, they were references to the table's page.
    private readonly Field? _sharers = pages?.Objects.Types.FindField("ptdesc", "pt_share_count");
    private readonly Field? _references = pages?.Objects.Types.FindField("page", "_refcount");

    /// <summary>Hands each page of an area to <paramref name="receive"/>, in order of address.</summary>
    /// <param name="space">The process's tables.</param>
    /// <param name="area">The area.</param>
    /// <param name="first">First address of interest.</param>
    /// <param name="last">Last address of interest, inclusive.</param>
    /// <param name="receive">Told of each page.</param>
    /// <returns>Whether all tables were read: none is missing from the image, and they were no more than a walk reads.</returns>
    public bool Visit(AddressSpace space, MemoryArea area, VirtualAddress first, VirtualAddress last, Action<PagemapPage> receive)
    {
        ulong userEnd = space.LastUserAddress.Value + 1;
        ulong start = Math.Max(area.Start.Value, first.Value & ~(ulong)(PageFrame.Size - 1));
        ulong end = Math.Min(Math.Min(area.End.Value, userEnd), last.Value >= userEnd ? userEnd : (last.Value | (PageFrame.Size - 1)) + 1);
        bool whole = true;
        List<(VirtualAddress First, ulong Pages, int Level, PhysicalAddress Table, ulong Entry)> found = [];
        for (ulong from = start; from < end; from = Math.Min(end, (from | (WindowBytes - 1)) + 1))
        {
            found.Clear();
            Collector collector = new(found);
            WalkSummary summary = EntryWalk.Visit(memory, space, new(from), new(Math.Min(end, (from | (WindowBytes - 1)) + 1)), ref collector);
            whole &= summary.MissingTables == 0 && !summary.LimitReached;
            Tell(space.Format, area, found, receive);
        }

        return whole;
    }

    private void Tell(
        TableFormat format, MemoryArea area, List<(VirtualAddress First, ulong Pages, int Level, PhysicalAddress Table, ulong Entry)> found,
        Action<PagemapPage> receive)
    {
        bool hugetlb = area.IsHugetlb;
        bool softDirty = area.Has(AreaFlags.SoftDirty);
        Span<byte> copy = stackalloc byte[1 << 12];
        PageCursor cursor = pages is null ? default : new(pages, copy);
        foreach ((VirtualAddress first, ulong count, int level, PhysicalAddress table, ulong raw) in found)
        {
            UserEntry entry = entries.Read(raw, level);
            ulong within = level == 1 ? 0 : (first.Value & (format.SlotBytes(level) - 1)) >> format.PageShift;
            bool sharedTable = hugetlb && entry.Present && IsShared(table);
            bool swap = !entry.Present && entry.SwapType is not null && !hugetlb;
            for (ulong i = 0; i < count; i++)
            {
                // Where an entry holds a frame, a large page's is its first.
                ulong page = within + i;
                PageFrame? frame = entry.Frame is PageFrame held ? new(held.Number + page) : null;
                (bool? exclusive, bool? file) = entry.IsNormal && frame is PageFrame mapped && pages is not null
                    ? Owners(ref cursor, mapped, _firstPageCounts ? entry.Frame!.Value : mapped)
                    : (Unless(entry.IsNormal), Unless(entry.IsNormal));
                receive(new(
                    first + (i * PageFrame.Size),
                    entry.Present,
                    entry.Present ? frame?.Address : null,
                    swap ? entry.SwapType : null,
                    swap ? entry.SwapOffset + (level > 1 ? page : 0) : null,
                    softDirty || (entry.SoftDirty && !hugetlb),
                    entry.Present && !sharedTable ? exclusive : false,
                    file,
                    entry.WriteProtected,
                    entry.Guard));
            }
        }
    }

    // Processes that map the same pages of hugetlbfs may share the table too, which counts as one mapping (include/linux/hugetlb.h, hugetlb_pmd_shared; asked
    // since 6.11). The count is a PMD table's; of a table of 1 GiB pages the kernel reads the same word, and what it finds there it takes for one.
    private bool IsShared(PhysicalAddress table)
    {
        if (_firstPageCounts || pages is null || pages.Array.AddressOf(table.Frame) is not VirtualAddress structPage)
        {
            return false;
        }

        KernelObjects objects = pages.Objects;
        return _sharers is not null ? objects.Read(structPage, _sharers) is not (null or 0) : objects.Read(structPage, _references) > 1;
    }

    // What has no struct page that counts it is neither; of what has one, nothing is known without.
    private static bool? Unless(bool counted) => counted ? null : false;

    private static (bool? Exclusive, bool? File) Owners(ref PageCursor cursor, PageFrame frame, PageFrame counted)
    {
        if (!cursor.MoveTo(counted))
        {
            return (false, false);
        }

        bool exclusive = cursor.MapCount == 1;
        return (exclusive, (counted == frame || cursor.MoveTo(frame)) && (cursor.Folio.Head.Mapping & Anonymous) == 0);
    }

    private readonly struct Collector(List<(VirtualAddress First, ulong Pages, int Level, PhysicalAddress Table, ulong Entry)> found) : IEntryVisitor
    {
        public void Entry(VirtualAddress first, ulong pages, int level, PhysicalAddress table, ulong entry) => found.Add((first, pages, level, table, entry));
    }
}
