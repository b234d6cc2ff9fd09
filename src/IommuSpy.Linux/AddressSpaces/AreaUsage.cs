using IommuSpy.Linux.Paging;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Linux.AddressSpaces;

/// <summary>How much of an area is where, by the page tables (as /proc/PID/smaps counts: fs/proc/task_mmu.c, smaps_pte_range).</summary>
/// <param name="Resident">Bytes in memory that the kernel counts as the process's: Rss. The page of zeros, devices' memory and pages of hugetlbfs are not among
/// them.</param>
/// <param name="Swapped">Bytes whose entries say where on a swap device they are: Swap, but for what shared memory keeps in its files alone.</param>
/// <param name="Huge">Bytes in memory that large pages map, those of hugetlbfs among them.</param>
public readonly record struct AreaUsage(ulong Resident, ulong Swapped, ulong Huge)
{
    /// <summary>Counts an area.</summary>
    /// <param name="memory">Where the tables are.</param>
    /// <param name="space">The process's tables.</param>
    /// <param name="area">The area.</param>
    /// <param name="entries">How this kernel writes its entries.</param>
    public static AreaUsage Of(PhysicalMemory memory, AddressSpace space, MemoryArea area, UserEntries entries)
    {
        if (area.End.Value > space.LastUserAddress.Value + 1)
        {
            return default;
        }

        Counter counter = new(entries, space.Format.PageBytes, area.IsHugetlb);
        EntryWalk.Visit(memory, space, area.Start, area.End, ref counter);
        return counter.Usage;
    }

    private struct Counter(UserEntries entries, ulong pageBytes, bool hugetlb) : IEntryVisitor
    {
        private ulong _resident;
        private ulong _swapped;
        private ulong _huge;

        public readonly AreaUsage Usage => new(_resident, _swapped, _huge);

        public void Entry(VirtualAddress first, ulong pages, int level, PhysicalAddress table, ulong entry)
        {
            if (entry == 0)
            {
                return;
            }

            UserEntry read = entries.Read(entry, level);
            ulong bytes = pages * pageBytes;
            if (read.IsSwap)
            {
                _swapped += bytes;
            }
            else if (read.Frame is not null && read.IsNormal)
            {
                _resident += hugetlb ? 0 : bytes;
                _huge += level > 1 && read.Present ? bytes : 0;
            }
        }
    }
}
