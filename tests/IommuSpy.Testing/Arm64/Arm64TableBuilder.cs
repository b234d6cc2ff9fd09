using IommuSpy.Memory;
using IommuSpy.Translation.Arm64;

namespace IommuSpy.Testing.Arm64;

/// <summary>Lays out arm64 tables of one half in memory: each table where the last one ended.</summary>
/// <param name="memory">The machine's memory.</param>
/// <param name="regime">Size of pages and width of addresses.</param>
/// <param name="root">The top table's address.</param>
/// <param name="tables">Where the others go: a page's address.</param>
public sealed class Arm64TableBuilder(PhysicalMemoryBuilder memory, Arm64Regime regime, PhysicalAddress root, PhysicalAddress tables)
{
    private ulong _next = tables.Value;

    /// <summary>Tables that follow their top one.</summary>
    /// <param name="memory">The machine's memory.</param>
    /// <param name="regime">Size of pages and width of addresses.</param>
    /// <param name="root">The top table's address, a page's.</param>
    public Arm64TableBuilder(PhysicalMemoryBuilder memory, Arm64Regime regime, PhysicalAddress root)
        : this(memory, regime, root, root + regime.Format.PageBytes)
    {
    }

    /// <summary>The top table.</summary>
    public PhysicalAddress Root { get; } = root;

    /// <summary>Attributes of table descriptors beside their type.</summary>
    public ulong TableAttributes { get; set; }

    /// <summary>Where the next table goes.</summary>
    public PhysicalAddress Next => new(_next);

    /// <summary>Maps a page or block.</summary>
    /// <param name="address">Its first address, of either half.</param>
    /// <param name="physical">Where it is.</param>
    /// <param name="level">Level of the leaf: 1 is a page.</param>
    /// <param name="attributes">The leaf's bits but for type and address.</param>
    public void Map(VirtualAddress address, PhysicalAddress physical, int level = 1, ulong attributes = Arm64Descriptor.Accessed)
    {
        ulong leaf = Arm64Descriptor.Valid | (level == 1 ? Arm64Descriptor.Table : 0) | attributes | Address(physical);
        Write(address, level, leaf);
    }

    /// <summary>Writes an entry as it is, with the tables that lead to it.</summary>
    public void Write(VirtualAddress address, int level, ulong entry)
    {
        ulong walked = address.Value & ((1UL << regime.HalfBits) - 1);
        PhysicalAddress table = Root;
        for (int at = regime.Levels; at > level; at--)
        {
            PhysicalAddress slot = Slot(table, walked, at);
            if (memory.ReadWord(slot) == 0)
            {
                memory.Write(slot, _next | Arm64Descriptor.Valid | Arm64Descriptor.Table | TableAttributes);
                _next += regime.Format.PageBytes;
            }

            table = new(regime.Format.Target(memory.ReadWord(slot)));
        }

        memory.Write(Slot(table, walked, level), entry);
    }

    private PhysicalAddress Slot(PhysicalAddress table, ulong walked, int level) =>
        table + (((walked >> regime.Format.SlotShift(level)) & (ulong)(regime.Format.Entries - 1)) * sizeof(ulong));

    // Where the high bits of an address go: 15:12 with pages of 64 KiB, 9:8 with FEAT_LPA2.
    private ulong Address(PhysicalAddress physical) =>
        regime.Format.PageShift == 16 ? (physical.Value & 0x0000_ffff_ffff_0000) | (physical.Value >> 48 << 12)
        : regime.HalfBits == 52 ? (physical.Value & 0x0003_ffff_ffff_f000) | (physical.Value >> 50 << 8)
        : physical.Value;
}
