using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Linux.Discovery;

/// <summary>
/// Visits the kernel's half of a space in pieces, in address order, until a number of tables is read. Tables may be hostile; and KASAN's shadow, which lies
/// above all that discovery looks for, repeats one table millions of times.
/// </summary>
internal static class BoundedVisit
{
    // 4 GiB of tables: a direct map of 2 TiB in 4 KiB pages, of 1 PiB in 2 MiB pages.
    private const long MaxTables = 1 << 20;

    // Pieces of 512 GiB or the next larger that tables have: what one entry of a PML4 maps.
    private const int PieceShift = 39;

    /// <summary>Visits the leaves that translate any address of <paramref name="first"/> to <paramref name="last"/>, both of the kernel's half.</summary>
    public static void Visit<TVisitor>(AddressSpace space, PhysicalMemory memory, VirtualAddress first, VirtualAddress last, ref TVisitor visitor)
        where TVisitor : struct, ICpuLeafVisitor
    {
        int topShift = space.Format.SlotShift(space.Levels);
        ulong piece = 1UL << Math.Min(topShift, PieceShift);
        ulong top = (ulong)space.Mode.TopEntries - 1;
        long tables = 0;
        for (ulong at = first.Value; at <= last.Value && tables < MaxTables;)
        {
            // With 5 levels a top-level entry has 512 pieces: one look tells that there is none.
            ulong index = (at >> topShift) & top;
            bool present = memory.TryRead(space.Root + (index * sizeof(ulong)), out ulong entry) && space.Format.IsPresent(entry);
            ulong end = at | ((present ? piece : 1UL << topShift) - 1);
            if (present)
            {
                tables += space.Visit(new(at), new(Math.Min(end, last.Value)), ref visitor).Tables;
            }

            if (end == ulong.MaxValue)
            {
                break;
            }

            at = end + 1;
        }
    }
}
