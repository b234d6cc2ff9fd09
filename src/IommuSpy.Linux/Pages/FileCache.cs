using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Pages;

/// <summary>Which pages of a file are in the page cache (include/linux/fs.h, struct address_space; mm/filemap.c).</summary>
/// <param name="Runs">Runs of pages by their place in the file, up to its end and, where something is there, beyond.</param>
/// <param name="Damage">Where and why it could not be followed, a line each.</param>
public sealed record FileCache(IReadOnlyList<CacheRun> Runs, IReadOnlyList<string> Damage)
{
    private const ulong ValueBit = 1;
    private const int CopyBytes = 1 << 12;
    private const int MostDamage = 8;

    // include/linux/swapops.h: 5 bits of the device's number above the place on it, in the 63 bits of a value.
    private const int SwapTypeShift = 58;

    // include/linux/fs.h, S_DAX.
    private const ulong DaxInode = 1 << 13;

    // Their pages are nowhere else; the first one's are swapped out.
    private const string SharedMemory = "shmem_aops";
    private const string MemoryOnly = "ram_aops";

    /// <summary>Reads the page cache of a file.</summary>
    /// <param name="objects">Reads the kernel's memory.</param>
    /// <param name="pages">The struct pages.</param>
    /// <param name="file">The file.</param>
    /// <exception cref="MissingTypeException">Nothing describes the page cache, or the file's pages are not kept in it by pages of 4 KiB.</exception>
    public static FileCache Read(KernelObjects objects, MemoryPages pages, PageFile file)
    {
        ArgumentNullException.ThrowIfNull(objects);
        ArgumentNullException.ThrowIfNull(pages);
        ArgumentNullException.ThrowIfNull(file);
        if (file.FileSystem == "hugetlbfs")
        {
            throw new MissingTypeException("it is a file of hugetlbfs, which this program does not read: its pages are huge, and numbered in several ways");
        }

        if (file.InodeObject is VirtualAddress inode && (objects.Read(inode, objects.Types.FindField("inode", "i_flags")) & DaxInode) is DaxInode)
        {
            throw new MissingTypeException("it is a file of persistent memory (DAX): it is where it is, and no page cache has it");
        }

        Field array = objects.Types.Struct("address_space").Field("i_pages", "page_tree");
        XArray entries = XArray.Read(objects, file.Mapping + array.Offset, withValues: true);
        string? operations = objects.Pointer(file.Mapping, objects.Types.FindField("address_space", "a_ops")) is VirtualAddress table
            && objects.Kernel.Kallsyms?.Symbols.At(table) is SymbolOffset { Offset: 0 } symbol ? symbol.Symbol.Name : null;
        Builder builder = new(pages, file.Mapping, operations == SharedMemory, operations is SharedMemory or MemoryOnly);
        PageCursor cursor = new(pages, new byte[CopyBytes]);
        foreach (ArrayEntry entry in entries.Entries)
        {
            builder.Add(entry, ref cursor);
        }

        builder.FillTo(((file.Bytes ?? 0) + PageFrame.Size - 1) >> PageFrame.Shift);
        return new(builder.Runs, [.. entries.Damage is string damage ? [damage] : Array.Empty<string>(), .. builder.Damage]);
    }

    private sealed class Builder(MemoryPages pages, VirtualAddress mapping, bool isSwapped, bool isNowhereElse)
    {
        private readonly List<string> _damage = [];

        // No file has more pages in memory than there are.
        private ulong _left = pages.Objects.Kernel.Memory.ByteCount >> PageFrame.Shift;
        private ulong _damaged;
        private ulong _next;

        public List<CacheRun> Runs { get; } = [];

        public IReadOnlyList<string> Damage => _damaged <= MostDamage ? _damage : [.. _damage, $"and {_damaged - MostDamage} more like it"];

        public void Add(ArrayEntry entry, ref PageCursor cursor)
        {
            // Of a large page some kernels have an entry for each part.
            if (entry.Index < _next)
            {
                return;
            }

            if ((entry.Value & ValueBit) == 0)
            {
                AddFolio(entry, ref cursor);
                return;
            }

            FillTo(entry.Index);
            ulong value = entry.Value >> 1;
            Append(isSwapped
                ? new(CacheState.Swapped, entry.Index, entry.Count)
                    { SwapType = (int)(value >> SwapTypeShift), SwapOffset = value & ((1UL << SwapTypeShift) - 1) }
                : new(CacheState.Evicted, entry.Index, entry.Count));
        }

        /// <summary>What has no entry, up to a page.</summary>
        public void FillTo(ulong end)
        {
            if (end > _next)
            {
                Append(new(isNowhereElse ? CacheState.Hole : CacheState.Absent, _next, end - _next));
            }
        }

        private void AddFolio(ArrayEntry entry, ref PageCursor cursor)
        {
            if (pages.Array.FrameOf(new(entry.Value)) is not PageFrame frame || !cursor.MoveTo(frame))
            {
                Damaged($"page {entry.Index}: what stands for it, {new VirtualAddress(entry.Value)}, is no struct page, or cannot be read");
                return;
            }

            FolioRecord folio = cursor.Folio;
            PageRecord head = folio.Head;
            ulong count = 1UL << folio.Order;
            if (head.Mapping != mapping.Value || entry.Index < head.Index || entry.Index - head.Index >= count)
            {
                Damaged($"page {entry.Index}: the page at {frame.Address} is of another file, or of another place in it");
                return;
            }

            FillTo(Math.Max(_next, head.Index));
            for (ulong i = _next - head.Index; i < count; i++)
            {
                if (_left-- == 0)
                {
                    _left = 0;
                    Damaged($"page {head.Index + i}: more pages are said to be in memory than memory has");
                    return;
                }

                PageFrame its = new(head.Frame.Number + i);
                if (!cursor.MoveTo(its))
                {
                    Damaged($"page {head.Index + i}: the struct page of {its.Address} cannot be read");
                    return;
                }

                StablePageFlags flags = cursor.StableFlags;
                Append(new((flags & StablePageFlags.Uptodate) != StablePageFlags.None ? CacheState.Cached : CacheState.Unread, head.Index + i, 1)
                {
                    Frame = its,
                    Dirty = Has(flags, StablePageFlags.Dirty),
                    Writeback = Has(flags, StablePageFlags.Writeback),
                    Referenced = Has(flags, StablePageFlags.Referenced),
                    Active = Has(flags, StablePageFlags.Active),
                    Mapped = cursor.MapCount > 0 ? 1UL : 0,
                });
            }
        }

        private static ulong Has(StablePageFlags flags, StablePageFlags one) => (flags & one) != StablePageFlags.None ? 1UL : 0;

        private void Append(CacheRun run)
        {
            _next = run.End;
            if (Runs.Count > 0 && Runs[^1] is var last && last.State == run.State && last.End == run.Index
                && (last.Frame is null ? run.Frame is null : last.Frame.Value.Number + last.Pages == run.Frame?.Number)
                && (last.SwapOffset is null || (last.SwapType == run.SwapType && last.SwapOffset + last.Pages == run.SwapOffset)))
            {
                Runs[^1] = last with
                {
                    Pages = last.Pages + run.Pages,
                    Dirty = last.Dirty + run.Dirty,
                    Writeback = last.Writeback + run.Writeback,
                    Referenced = last.Referenced + run.Referenced,
                    Active = last.Active + run.Active,
                    Mapped = last.Mapped + run.Mapped,
                };
                return;
            }

            Runs.Add(run);
        }

        private void Damaged(string what)
        {
            _damaged++;
            if (_damaged <= MostDamage)
            {
                _damage.Add(what);
            }
        }
    }
}
