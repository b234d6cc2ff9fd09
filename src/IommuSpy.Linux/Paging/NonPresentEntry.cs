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
    private const int FrameBits = 40;

    // Since 4.18.1 (L1TF): type in bits 59-63, offset inverted in bits 9-58. An offset never uses its top bit, so in the inverted form that bit is set.
    private const int TypeShift = 59;
    private const int OffsetShift = 9;
    private const int OffsetBits = 50;
    private const ulong InvertedSign = 1UL << 58;

    // 4.6 to 4.18.0: type in bits 9-13, offset in bits 14-63, as they are.
    private const int OldTypeShift = 9;
    private const int OldOffsetShift = 14;
    private const int TypeMask = 31;

    /// <summary>Reads an entry whose present bit is clear.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="types">What this kernel's swap types mean.</param>
    public static NonPresentEntry Read(ulong entry, SwapTypes types)
    {
        if (entry == 0)
        {
            return new(NonPresentKind.Empty, null, null, null, "nothing mapped: the entry is 0");
        }

        if ((entry & ProtNone) != 0)
        {
            // The address is inverted too, so that a CPU which speculates past the clear present bit finds no memory there (L1TF).
            ulong address = (entry & (1UL << 51)) != 0 ? ~entry & AddressMask : entry & AddressMask;
            PageFrame frame = new PhysicalAddress(address).Frame;
            return new(NonPresentKind.ProtNone, null, null, frame, $"PROT_NONE: no access, the page is still in memory, pfn {frame}");
        }

        bool inverted = (entry & InvertedSign) != 0;
        int type = (int)((inverted ? entry >> TypeShift : entry >> OldTypeShift) & TypeMask);
        ulong offset = inverted
            ? (~entry >> OffsetShift) & ((1UL << OffsetBits) - 1)
            : entry >> OldOffsetShift;
        NonPresentKind kind = types.KindOf(type);
        PageFrame? held = kind is NonPresentKind.Migration or NonPresentKind.HardwarePoison ? new(offset & ((1UL << FrameBits) - 1)) : null;
        return new(kind, type, offset, held, Describe(kind, type, offset, held) + (inverted ? "" : " (read in the layout before L1TF)"));
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
