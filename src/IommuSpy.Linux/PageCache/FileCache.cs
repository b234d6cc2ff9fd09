using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Pages;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.PageCache;

/// <summary>Which pages of a file are in the page cache (include/linux/fs.h, struct address_space; mm/filemap.c).</summary>
/// <param name="Runs">Runs of pages by their place in the file, up to its end and, where something is there, beyond.</param>
/// <param name="Damage">Where and why it could not be followed, a line each.</param>
public sealed record FileCache(IReadOnlyList<CacheRun> Runs, IReadOnlyList<string> Damage)
{
    private const int CopyBytes = 1 << 12;
    private const int MostDamage = 8;

    // include/linux/swapops.h: 5 bits of the device's number above the place on it, in the 63 bits of a value, or the 62 of before 4.20.
    private const int SwapTypeShift = 58;
    private const int OldSwapTypeShift = 57;

    // include/linux/fs.h, S_DAX.
    private const ulong DaxInode = 1 << 13;

    // Their pages are nowhere else; the first one's are swapped out.
    private const string SharedMemory = "shmem_aops";
    private const string MemoryOnly = "ram_aops";
    private const string HugePages = "hugetlbfs";

    /// <summary>Reads the page cache of a file.</summary>
    /// <param name="objects">Reads the kernel's memory.</param>
    /// <param name="pages">The struct pages.</param>
    /// <param name="file">The file.</param>
    /// <exception cref="MissingTypeException">Nothing describes the page cache, or the file's pages are not kept in it.</exception>
    public static FileCache Read(KernelObjects objects, MemoryPages pages, PageFile file)
    {
        ArgumentNullException.ThrowIfNull(objects);
        ArgumentNullException.ThrowIfNull(pages);
        ArgumentNullException.ThrowIfNull(file);
        if (file.InodeObject is VirtualAddress inode && (objects.Read(inode, objects.Types.FindField("inode", "i_flags")) & DaxInode) is DaxInode)
        {
            throw new MissingTypeException("it is a file of persistent memory (DAX): it is where it is, and no page cache has it");
        }

        CachedFolios cached = CachedFolios.Of(pages, file.Mapping);
        string? operations = objects.Pointer(file.Mapping, objects.Types.FindField("address_space", "a_ops")) is VirtualAddress table
            && objects.Kernel.Kallsyms?.Symbols.At(table) is SymbolOffset { Offset: 0 } symbol ? symbol.Symbol.Name : null;
        bool isOld = objects.Types.FindStruct("xa_node") is null;
        Builder builder = new(pages, operations != SharedMemory ? null : isOld ? OldSwapTypeShift : SwapTypeShift,
            cached.Damage is not null ? CacheState.Unknown
                : operations is SharedMemory or MemoryOnly || file.FileSystem == HugePages ? CacheState.Hole : CacheState.Absent);
        PageCursor cursor = new(pages, new byte[CopyBytes]);
        foreach (CachedFolio folio in cached.Folios)
        {
            builder.Add(folio, ref cursor);
        }

        builder.FillTo(((file.Bytes ?? 0) + PageFrame.Size - 1) >> PageFrame.Shift);
        return new(builder.Runs, [.. cached.Damage is string damage ? [damage] : Array.Empty<string>(), .. builder.Damage]);
    }

    private sealed class Builder(MemoryPages pages, int? swapTypeShift, CacheState nothing)
    {
        private readonly DamageLines _damage = new(MostDamage);

        // No file has more pages in memory than there are.
        private ulong _left = pages.Objects.Kernel.Memory.ByteCount >> PageFrame.Shift;
        private ulong _next;

        public List<CacheRun> Runs { get; } = [];

        public IReadOnlyList<string> Damage => _damage.All;

        public void Add(CachedFolio folio, ref PageCursor cursor)
        {
            FillTo(folio.Index);
            if (folio.Problem is string problem)
            {
                Damaged(folio.Index, folio.Pages, problem);
            }
            else if (folio.Frame is PageFrame first)
            {
                AddPages(folio, first, ref cursor);
            }
            else if (swapTypeShift is int shift)
            {
                ulong value = folio.Value ?? 0;
                Append(new(CacheState.Swapped, folio.Index, folio.Pages) { SwapType = (int)(value >> shift), SwapOffset = value & ((1UL << shift) - 1) });
            }
            else
            {
                Append(new(CacheState.Evicted, folio.Index, folio.Pages));
            }
        }

        /// <summary>What has no entry, up to a page.</summary>
        public void FillTo(ulong end)
        {
            if (end > _next)
            {
                Append(new(nothing, _next, end - _next));
            }
        }

        private void AddPages(CachedFolio folio, PageFrame first, ref PageCursor cursor)
        {
            for (ulong i = 0; i < folio.Pages; i++)
            {
                PageFrame frame = new(first.Number + i);
                if (_left == 0 || !cursor.MoveTo(frame))
                {
                    Damaged(folio.Index + i, folio.Pages - i,
                        _left == 0 ? "more pages are said to be in memory than memory has" : $"the struct page of {frame.Address} cannot be read");
                    return;
                }

                _left--;

                StablePageFlags flags = cursor.FolioFlags;
                Append(new((flags & StablePageFlags.Uptodate) != StablePageFlags.None ? CacheState.Cached : CacheState.Unread, folio.Index + i, 1)
                {
                    Frame = frame,
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

        private void Damaged(ulong index, ulong count, string why)
        {
            if (count > 0)
            {
                Append(new(CacheState.Unknown, index, count));
            }

            _damage.Add($"page {index}: {why}");
        }
    }
}
