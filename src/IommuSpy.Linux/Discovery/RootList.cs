using IommuSpy.Linux.Kallsyms;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Linux.Discovery;

/// <summary>
/// The kernel's own list of every process's top-level table: pgd_list links the struct pages of all that are in use (arch/x86/mm/pgtable.c, pgd_list_add).
/// What is on it is alive; a table that has the shape of a root and is not on it is a leftover or belongs to no process.
/// </summary>
internal static class RootList
{
    private const int MaxTables = 1 << 22; // PID_MAX_LIMIT
    private const int ListHeadBytes = 16;

    /// <summary>The tables on the list, in its order.</summary>
    /// <param name="space">The kernel's address space.</param>
    /// <param name="head">Where pgd_list is.</param>
    /// <param name="vmemmap">The struct page of pfn 0.</param>
    /// <param name="structPageBytes">sizeof(struct page).</param>
    /// <param name="frames">How many page frames the machine has, holes included: those that the direct map reaches. The image may lack the last of
    /// them.</param>
    /// <returns>Null where the list is not whole: a link that leads nowhere, a back link that does not lead back, or an element outside vmemmap.</returns>
    public static IReadOnlyList<PhysicalAddress>? Read(AddressSpace space, Symbol head, VirtualAddress vmemmap, int structPageBytes, ulong frames)
    {
        List<PhysicalAddress> tables = [];
        VirtualAddress previous = head.Address;
        ulong? memberOffset = null;
        Span<byte> links = stackalloc byte[ListHeadBytes];
        if (!space.TryRead(head.Address, out ulong next))
        {
            return null;
        }

        while (next != head.Address.Value)
        {
            VirtualAddress element = new(next);
            if (element.CompareTo(vmemmap) < 0 || space.Read(element, links) != links.Length || BitConverter.ToUInt64(links[8..]) != previous.Value
                || tables.Count == MaxTables)
            {
                return null;
            }

            // Where the list_head stands in struct page (page.lru, ptdesc.pt_list) differs by release, and is the same for all of a kernel.
            ulong offset = (element - vmemmap) % (ulong)structPageBytes;
            if ((memberOffset ??= offset) != offset)
            {
                return null;
            }

            ulong frame = (element - vmemmap) / (ulong)structPageBytes;
            if (frame >= frames)
            {
                return null;
            }

            tables.Add(new(frame << space.Format.PageShift));
            previous = element;
            next = BitConverter.ToUInt64(links);
        }

        return tables;
    }
}
