using IommuSpy.Memory;

namespace IommuSpy.Translation;

/// <summary>How a CPU reads page tables: the same for all address spaces of one kernel.</summary>
/// <param name="Format">The format of the tables.</param>
/// <param name="Levels">Their depth, from 1.</param>
/// <param name="AddressBits">Bits of a virtual address that they translate, the highest of which tells the kernel's half: 48 or 57 of x86-64.</param>
/// <param name="EntryMask">ANDed with every entry before it is read: clears the C-bit of memory encryption; all ones elsewhere.</param>
public sealed record PagingMode(TableFormat Format, int Levels, int AddressBits, ulong EntryMask = ulong.MaxValue)
{
    /// <summary>
    /// The top table of the kernel's half, where each half has one of its own (arm64: TTBR1_EL1); null where one table has both. The kernel's own space then
    /// has no lower half, and all others share its upper one.
    /// </summary>
    public PhysicalAddress? UpperRoot { get; init; }

    /// <summary>Last address of user space: the lower half of the canonical addresses.</summary>
    public ulong LastUserAddress => (1UL << (AddressBits - 1)) - 1;

    /// <summary>First address of the kernel's half.</summary>
    public ulong FirstKernelAddress => ~LastUserAddress;

    /// <summary>An address as the walk counts it, made canonical: the bits above the translated ones repeat the highest of them.</summary>
    public ulong SignExtend(ulong address) => (ulong)((long)(address << (64 - AddressBits)) >> (64 - AddressBits));

    /// <summary>How many entries of the top table translate user space.</summary>
    public int UserEntries => 1 << Math.Max(0, AddressBits - 1 - Format.SlotShift(Levels));

    /// <summary>How many entries a top table has: fewer than the others', where the address ends within its index.</summary>
    /// <remarks>A table of fewer entries than a page has may stand anywhere in a page, at a multiple of its own size (arm64 with 52-bit addresses).</remarks>
    public int TopEntries => UpperRoot is null ? 2 * UserEntries : UserEntries;
}
