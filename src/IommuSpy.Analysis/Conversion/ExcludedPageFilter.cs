using IommuSpy.Linux.Pages;
using IommuSpy.Memory;
using IommuSpy.Memory.Writing;

namespace IommuSpy.Analysis.Conversion;

/// <summary>Leaves out pages by what the kernel's struct pages say of them. A page without a struct page is kept.</summary>
internal sealed class ExcludedPageFilter : IPageFilter
{
    private const int ChunkPages = 16_384;
    private const int BufferBytes = 64 << 10;
    private const int WordBits = 64;

    private readonly PhysicalRange[] _ranges;
    private readonly ulong[][] _excluded;

    private ExcludedPageFilter(PhysicalRange[] ranges, ExcludedPages kinds)
    {
        _ranges = ranges;
        DumpLevel = (int)kinds;
        _excluded = [.. ranges.Select(range => new ulong[(Pages(range) + WordBits - 1) / WordBits])];
    }

    /// <inheritdoc/>
    public int DumpLevel { get; }

    /// <summary>Asks every struct page.</summary>
    /// <param name="pages">The struct pages.</param>
    /// <param name="memory">The memory that is written.</param>
    /// <param name="kinds">What is left out; zero pages are not struct pages' to tell.</param>
    internal static ExcludedPageFilter Of(MemoryPages pages, PhysicalMemory memory, ExcludedPages kinds)
    {
        ExcludedPageFilter filter = new([.. memory.Ranges], kinds & ~ExcludedPages.Zero);
        for (int i = 0; i < filter._ranges.Length; i++)
        {
            int range = i;
            int chunks = (int)((Pages(filter._ranges[range]) + ChunkPages - 1) / ChunkPages);
            Parallel.For(0, chunks, chunk => filter.Ask(pages, range, (ulong)chunk * ChunkPages));
        }

        return filter;
    }

    /// <inheritdoc/>
    public bool Keeps(PageFrame page)
    {
        int low = 0;
        int high = _ranges.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            ulong first = _ranges[middle].Start.Frame.Number;
            if (page.Number < first)
            {
                high = middle - 1;
            }
            else if (page.Number - first >= Pages(_ranges[middle]))
            {
                low = middle + 1;
            }
            else
            {
                ulong bit = page.Number - first;
                return (_excluded[middle][bit / WordBits] & (1UL << (int)(bit % WordBits))) == 0;
            }
        }

        return true;
    }

    private static ulong Pages(PhysicalRange range) => range.Last.Frame.Number - range.Start.Frame.Number + 1;

    // Chunks are whole words, so that no two threads write the same.
    private void Ask(MemoryPages pages, int range, ulong from)
    {
        PageCursor cursor = new(pages, new byte[BufferBytes]);
        ulong first = _ranges[range].Start.Frame.Number;
        for (ulong bit = from; bit < Math.Min(from + ChunkPages, Pages(_ranges[range])); bit++)
        {
            if (cursor.MoveTo(new(first + bit)) && IsExcluded(cursor.StableFlags, cursor.IsFree))
            {
                _excluded[range][bit / WordBits] |= 1UL << (int)(bit % WordBits);
            }
        }
    }

    // makedumpfile.c, __exclude_unnecessary_pages: what it calls cache is on an LRU list or in the swap cache, and not anonymous.
    private bool IsExcluded(StablePageFlags flags, bool isFree)
    {
        ExcludedPages kinds = (ExcludedPages)DumpLevel;
        bool isAnonymous = (flags & (StablePageFlags.Anonymous | StablePageFlags.Huge)) != StablePageFlags.None;
        return ((kinds & ExcludedPages.Free) != ExcludedPages.None && isFree)
            || ((kinds & ExcludedPages.User) != ExcludedPages.None && isAnonymous)
            || ((kinds & ExcludedPages.Cache) != ExcludedPages.None && !isAnonymous && !isFree
                && ((flags & StablePageFlags.Lru) != StablePageFlags.None
                    || (flags & (StablePageFlags.Swapcache | StablePageFlags.Swapbacked)) == (StablePageFlags.Swapcache | StablePageFlags.Swapbacked)));
    }
}
