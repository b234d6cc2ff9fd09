using System.Runtime.InteropServices;
using IommuSpy.Memory;
using IommuSpy.Translation;
using IommuSpy.Translation.X64;

namespace IommuSpy.Linux.Paging;

/// <summary>Goes through the entries that decide about each page of a range of user addresses: what a walk over leaves leaves out are the entries that Linux, not hardware, reads.</summary>
public static class EntryWalk
{
    private const int TableEntries = 512;

    /// <summary>Visits the entries of a range.</summary>
    /// <param name="memory">Where the tables are.</param>
    /// <param name="space">The tables.</param>
    /// <param name="start">First address of the range: a page's; in the lower half.</param>
    /// <param name="end">The address after its last.</param>
    /// <param name="visitor">Told of each entry.</param>
    /// <returns>How many tables were read, how many the image lacks, and whether the most that one walk may read were.</returns>
    public static WalkSummary Visit<TVisitor>(PhysicalMemory memory, X64AddressSpace space, VirtualAddress start, VirtualAddress end, ref TVisitor visitor)
        where TVisitor : struct, IEntryVisitor
    {
        Walk walk = new(memory, space.EntryMask, start.Value, end.Value);
        if (start.CompareTo(end) < 0)
        {
            walk.Table(space.Root, space.Levels, 0, ref visitor);
        }

        return new(walk.Tables, walk.Missing, walk.LimitReached);
    }

    private ref struct Walk(PhysicalMemory memory, ulong entryMask, ulong start, ulong end)
    {
        public long Tables;
        public long Missing;
        public bool LimitReached;

        public void Table<TVisitor>(PhysicalAddress table, int level, ulong baseAddress, ref TVisitor visitor)
            where TVisitor : struct, IEntryVisitor
        {
            if (Tables + Missing >= TableWalker<X64Format>.MaxTables)
            {
                LimitReached = true;
                return;
            }

            int shift = PageFrame.Shift + (9 * (level - 1));
            Span<byte> copy = stackalloc byte[PageFrame.Size];
            if (!memory.TryGet(table, copy, out ReadOnlySpan<byte> bytes))
            {
                Missing++;
                ulong from = Math.Max(start, baseAddress);
                visitor.Entry(new(from), (Math.Min(end, baseAddress + ((ulong)TableEntries << shift)) - from) >> PageFrame.Shift, level + 1, table, 0);
                return;
            }

            Tables++;
            ReadOnlySpan<ulong> entries = MemoryMarshal.Cast<byte, ulong>(bytes);
            int first = start <= baseAddress ? 0 : (int)((start - baseAddress) >> shift);
            int last = (int)Math.Min(TableEntries - 1, (end - 1 - baseAddress) >> shift);
            for (int index = first; index <= last && !LimitReached; index++)
            {
                ulong address = baseAddress + ((ulong)index << shift);
                ulong entry = entries[index];
                if (level > 1 && X64Format.IsPresent(entry) && !X64Format.IsLeaf(entry, level))
                {
                    Table(new(X64Format.Target(entry & entryMask)), level - 1, address, ref visitor);
                    continue;
                }

                ulong from = Math.Max(start, address);
                visitor.Entry(new(from), (Math.Min(end, address + (1UL << shift)) - from) >> PageFrame.Shift, level, table, entry);
            }
        }
    }
}
