using IommuSpy.Memory;
using IommuSpy.Translation.X64;

namespace IommuSpy.Linux.Paging;

/// <summary>A page-table entry that hardware does not use, read as Linux wrote it (arch/x86/include/asm/pgtable_64.h; include/linux/swapops.h).</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Type">The type field, 0-31: which swap device, or which special kind; null for entries without one.</param>
/// <param name="Offset">The offset field: the slot on the swap device in pages, or what the special kind keeps there; null for entries without one.</param>
/// <param name="Frame">The frame that a PROT_NONE or migration entry still holds; null for the others.</param>
/// <param name="Description">In words, with the numbers.</param>
public sealed record NonPresentEntry(NonPresentKind Kind, int? Type, ulong? Offset, PageFrame? Frame, string Description)
{
    // PROT_NONE borrows the global bit, which has no meaning while the entry is not present.
    private const ulong ProtNone = X64Entry.Global;
    private const ulong AddressMask = 0x000f_ffff_ffff_f000;
    private const ulong HighestAddressBit = 1UL << 51;

    // Kernels of 4 levels alone, until 4.17 and in the fixed 4.4 to 4.15 of distributions, invert no more: __PHYSICAL_MASK_SHIFT is 46 there (arch/x86/include/asm/page_64_types.h).
    private const ulong OldAddressMask = (1UL << 46) - 1;
    private const ulong OldHighestAddressBit = 1UL << 45;

    // Since 4.18.1 (L1TF): type in bits 59-63, offset inverted in bits 9-58. An offset never uses its top bit, so in the inverted form that bit is set.
    private const int TypeShift = 59;
    private const int OffsetShift = 9;
    private const int OffsetBits = 50;
    private const ulong InvertedSign = 1UL << 58;
    private const int TypeMask = 31;
    private const ulong OldNumaHint = 1UL << 9;

    /// <summary>Reads an entry whose present bit is clear.</summary>
    /// <param name="entry">The entry as it stands in memory, any C-bit included: what is a C-bit in a present entry is a bit of the offset in a swap entry.</param>
    /// <param name="types">What this kernel's swap types mean.</param>
    /// <param name="level">Level of the entry: 1 is a PTE. A large page that nobody may access has its entry in a PMD.</param>
    /// <param name="entryMask">Clears the C-bit from what holds an address; all ones without memory encryption.</param>
    public static NonPresentEntry Read(ulong entry, SwapTypes types, int level = 1, ulong entryMask = ulong.MaxValue)
    {
        if (entry == 0)
        {
            return new(NonPresentKind.Empty, null, null, null, "nothing mapped: the entry is 0");
        }

        if ((entry & ProtNone) != 0)
        {
            // The address is inverted too, so that a CPU which speculates past the clear present bit finds no memory there (L1TF). The C-bit is not part of it.
            ulong addressBits = AddressMask & entryMask & ~((1UL << (3 + (9 * level))) - 1);
            ulong sign = (entryMask & HighestAddressBit) != 0 ? HighestAddressBit : HighestAddressBit >> 1;
            bool isOldInverted = (entry & addressBits) is var address && (address & ~OldAddressMask) == 0 && (address & OldHighestAddressBit) != 0;
            PageFrame frame = new PhysicalAddress(((entry & sign) != 0 ? ~entry : isOldInverted ? ~entry & OldAddressMask : entry) & addressBits).Frame;
            return new(NonPresentKind.ProtNone, null, null, frame, $"PROT_NONE: no access, the page is still in memory, pfn {frame}");
        }

        if ((entry & InvertedSign) != 0)
        {
            return Read((int)(entry >> TypeShift) & TypeMask, (~entry >> OffsetShift) & ((1UL << OffsetBits) - 1), types, "");
        }

        if (types.Layout == SwapLayout.Before48Numa && (entry & OldNumaHint) != 0)
        {
            PageFrame frame = new PhysicalAddress(entry & AddressMask & entryMask).Frame;
            return new(NonPresentKind.ProtNone, null, null, frame, $"NUMA hint: the page is still in memory, pfn {frame}; the next access is to fault");
        }

        (int typeShift, int offsetShift) = types.Layout switch
        {
            SwapLayout.Before48 => (1, 9),
            SwapLayout.Before48Numa => (1, 10),
            _ => (9, 14),
        };
        return Read((int)(entry >> typeShift) & TypeMask, entry >> offsetShift, types, " (read in the layout before L1TF)");
    }

    private static NonPresentEntry Read(int type, ulong offset, SwapTypes types, string remark)
    {
        NonPresentKind kind = types.KindOf(type);
        PageFrame? held = kind is NonPresentKind.Migration or NonPresentKind.HardwarePoison ? new(offset & ((1UL << types.FrameBits) - 1)) : null;
        return new(kind, type, offset, held, Describe(kind, type, offset, held) + remark);
    }

    private static string Describe(NonPresentKind kind, int type, ulong offset, PageFrame? frame) => kind switch
    {
        NonPresentKind.Swap => $"swapped out: device {type}, page 0x{offset:x} of it",
        NonPresentKind.Migration => $"migrating: pfn {frame} is being moved (type {type})",
        NonPresentKind.HardwarePoison => $"poisoned: the memory of pfn {frame} is broken (type {type})",
        NonPresentKind.DevicePrivate => $"in a device's private memory: offset 0x{offset:x} (type {type})",
        NonPresentKind.DeviceExclusive => $"in exclusive use by a device: offset 0x{offset:x} (type {type})",
        NonPresentKind.Marker => $"marker for the fault handler, no page: 0x{offset:x} (type {type})",
        NonPresentKind.SwapInError => $"lost: reading it back from swap failed (type {type})",
        _ => $"special entry of type {type}, offset 0x{offset:x}: not a swap device, which kind this kernel does not tell",
    };
}
