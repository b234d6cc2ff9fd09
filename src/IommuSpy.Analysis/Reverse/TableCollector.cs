using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Reverse;

/// <summary>Gathers the page tables of a space: which page frame is which table.</summary>
internal readonly struct TableCollector(AddressSpace space, int number, Dictionary<ulong, PageTableUse> tables) : ITableVisitor
{
    // 4 GiB of tables.
    private const int MaxTables = 1 << 20;

    /// <remarks>A table that spaces share (the kernel's half) is kept as the first of them has it.</remarks>
    public void Table(ulong address, int level, PhysicalAddress table)
    {
        if (tables.Count < MaxTables)
        {
            tables.TryAdd(table.Frame.Number, new(number, level, new(space.Mode.SignExtend(address))));
        }
    }
}
