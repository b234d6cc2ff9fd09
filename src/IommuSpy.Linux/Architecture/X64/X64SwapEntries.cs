using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.Paging;
using IommuSpy.Memory;
using IommuSpy.Translation.X64;

namespace IommuSpy.Linux.Architecture.X64;

/// <summary>How one kernel writes x86-64 entries that hardware does not use (arch/x86/include/asm/pgtable_64.h).</summary>
/// <param name="Types">What its swap types mean.</param>
internal sealed record X64SwapEntries(SwapTypes Types)
{
    // PROT_NONE borrows the global bit, which has no meaning while the entry is not present.
    private const ulong ProtNone = X64Entry.Global;
    private const ulong AddressMask = 0x000f_ffff_ffff_f000;
    private const ulong HighestAddressBit = 1UL << 51;

    // Kernels of 4 levels alone, until 4.17 and in the fixed 4.4 to 4.15 of distributions, invert no more: __PHYSICAL_MASK_SHIFT is 46 there
    // (arch/x86/include/asm/page_64_types.h).
    private const ulong OldAddressMask = (1UL << 46) - 1;
    private const ulong OldHighestAddressBit = 1UL << 45;

    // Since 4.18.1 (L1TF): type in bits 59-63, offset inverted in bits 9-58. An offset never uses its top bit, so in the inverted form that bit is set.
    private const int TypeShift = 59;
    private const int OffsetShift = 9;
    private const int OffsetBits = 50;
    private const ulong InvertedSign = 1UL << 58;
    private const int TypeMask = 31;
    private const ulong OldNumaHint = 1UL << 9;


    // SWP_PFN_BITS: MAX_PHYSMEM_BITS less the page's. Above them a migration entry keeps the accessed and dirty bits, since 6.1 (include/linux/swapops.h).
    private const int FrameBitsOfFourLevels = 46 - 12;
    private const int FrameBitsOfFiveLevels = 52 - 12;

    /// <summary>How many bits of an offset are a frame's number, where it holds one: 34 with 4-level tables, 40 with 5.</summary>
    public int FrameBits { get; init; } = FrameBitsOfFiveLevels;

    /// <summary>How an entry from before the L1TF fixes is laid out.</summary>
    public SwapLayout Layout { get; init; } = SwapLayout.Since48;

    /// <summary>Clears the C-bit from what holds an address; all ones without memory encryption.</summary>
    public ulong EntryMask { get; init; } = ulong.MaxValue;

    /// <summary>What a kernel's symbols, depth of tables and release tell.</summary>
    public static X64SwapEntries Of(LinuxKernel kernel)
    {
        SymbolTable? symbols = kernel.Kallsyms?.Symbols;
        return new(SwapTypes.Of(symbols))
        {
            FrameBits = kernel.Mode.Levels == 5 ? FrameBitsOfFiveLevels : FrameBitsOfFourLevels,
            Layout = LayoutOf(kernel, symbols),
            EntryMask = kernel.Mode.EntryMask,
        };
    }

    /// <summary>Reads an entry whose present bit is clear.</summary>
    /// <param name="entry">The entry as it stands in memory, any C-bit included: what is a C-bit in a present entry is a bit of the offset in a swap
    /// entry.</param>
    /// <param name="level">Level of the entry: 1 is a PTE. A large page that nobody may access has its entry in a PMD.</param>
    public NonPresentEntry Read(ulong entry, int level = 1)
    {
        if (entry == 0)
        {
            return NonPresentEntry.Empty;
        }

        if ((entry & ProtNone) != 0)
        {
            // The address is inverted too, so that a CPU which speculates past the clear present bit finds no memory there (L1TF). The C-bit is not part of it.
            ulong addressBits = AddressMask & EntryMask & ~X64Format.OffsetMask(entry, level);
            ulong sign = (EntryMask & HighestAddressBit) != 0 ? HighestAddressBit : HighestAddressBit >> 1;
            bool isOldInverted = (entry & addressBits) is var address && (address & ~OldAddressMask) == 0 && (address & OldHighestAddressBit) != 0;
            PageFrame frame = new PhysicalAddress(((entry & sign) != 0 ? ~entry : isOldInverted ? ~entry & OldAddressMask : entry) & addressBits).Frame;
            return NonPresentEntry.Withheld(frame, $"PROT_NONE: no access, the page is still in memory, pfn {frame}");
        }

        if ((entry & InvertedSign) != 0)
        {
            return Read((int)(entry >> TypeShift) & TypeMask, (~entry >> OffsetShift) & ((1UL << OffsetBits) - 1), "");
        }

        if (Layout == SwapLayout.Before48Numa && (entry & OldNumaHint) != 0)
        {
            PageFrame frame = new PhysicalAddress(entry & AddressMask & EntryMask).Frame;
            return NonPresentEntry.Withheld(frame, $"NUMA hint: the page is still in memory, pfn {frame}; the next access is to fault");
        }

        (int typeShift, int offsetShift) = Layout switch
        {
            SwapLayout.Before48 => (1, 9),
            SwapLayout.Before48Numa => (1, 10),
            _ => (9, 14),
        };
        return Read((int)(entry >> typeShift) & TypeMask, entry >> offsetShift, " (read in the layout before L1TF)");
    }

    private NonPresentEntry Read(int type, ulong offset, string remark) => NonPresentEntry.Swap(type, offset, Types, FrameBits, remark);

    // Nothing in memory tells the two old layouts apart but the release. _PAGE_NUMA went with 4.0 (8a0516ed8b90), when PROT_NONE took its place.
    private static SwapLayout LayoutOf(LinuxKernel kernel, SymbolTable? symbols) => kernel.IsSince(4, 8) != false
        ? SwapLayout.Since48
        : kernel.IsSince(4, 0) == false && symbols?.TryFind("task_numa_fault", out _) == true ? SwapLayout.Before48Numa : SwapLayout.Before48;
}
