using System.Runtime.InteropServices;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Linux.Paging;

/// <summary>
/// Goes through the entries that decide about each page of a range of user addresses: what a walk over leaves leaves out are the entries that Linux, not
/// hardware, reads.
/// </summary>
public static class EntryWalk
{
    /// <summary>Visits the entries of a range.</summary>
    /// <param name="memory">Where the tables are.</param>
    /// <param name="space">The tables.</param>
    /// <param name="start">First address of the range: a page's; in the lower half.</param>
    /// <param name="end">The address after its last.</param>
    /// <param name="visitor">Told of each entry.</param>
    /// <returns>How many tables were read, how many the image lacks, and whether the most that one walk may read were.</returns>
    public static WalkSummary Visit<TVisitor>(PhysicalMemory memory, AddressSpace space, VirtualAddress start, VirtualAddress end, ref TVisitor visitor)
        where TVisitor : struct, IEntryVisitor
    {
        Walk walk = new(memory, space.Mode, start.Value, end.Value);
        if (start.CompareTo(end) < 0)
        {
            walk.Table(space.Root, space.Levels, 0, ref visitor);
        }

        walk.Visits.Finish();
        return new(walk.Tables, walk.Missing, walk.Visits.LimitReached);
    }

    private ref struct Walk(PhysicalMemory memory, PagingMode mode, ulong start, ulong end)
    {
        private readonly TableFormat _format = mode.Format;
        public long Tables;
        public long Missing;
        public TableVisits Visits = new(memory.Budget);

        public void Table<TVisitor>(PhysicalAddress table, int level, ulong baseAddress, ref TVisitor visitor)
            where TVisitor : struct, IEntryVisitor
        {
            if (!Visits.TryEnter(table, level))
            {
                return;
            }

            int shift = _format.SlotShift(level);
            Span<byte> copy = stackalloc byte[_format.TableBytes];
            if (!memory.TryGet(table, copy, out ReadOnlySpan<byte> bytes))
            {
                Missing++;
                ulong from = Math.Max(start, baseAddress);
                visitor.Entry(new(from), (Math.Min(end, baseAddress + ((ulong)_format.Entries << shift)) - from) >> _format.PageShift, level + 1, table, 0);
                return;
            }

            Tables++;
            ReadOnlySpan<ulong> entries = MemoryMarshal.Cast<byte, ulong>(bytes);
            int first = start <= baseAddress ? 0 : (int)((start - baseAddress) >> shift);
            int last = (int)Math.Min((ulong)(_format.Entries - 1), (end - 1 - baseAddress) >> shift);
            for (int index = first; index <= last && !Visits.IsExhausted; index++)
            {
                ulong address = baseAddress + ((ulong)index << shift);
                ulong entry = entries[index];
                if (level > 1 && entry != 0 && _format.IsPresent(entry) && !_format.IsLeaf(entry, level))
                {
                    Table(new(_format.Target(entry & mode.EntryMask)), _format.NextLevel(entry, level), address, ref visitor);
                    continue;
                }

                ulong from = Math.Max(start, address);
                visitor.Entry(new(from), (Math.Min(end, address + (1UL << shift)) - from) >> _format.PageShift, level, table, entry);
            }
        }
    }
}
