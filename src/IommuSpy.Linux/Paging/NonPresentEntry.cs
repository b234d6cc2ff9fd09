using IommuSpy.Memory;

namespace IommuSpy.Linux.Paging;

/// <summary>A page-table entry that hardware does not use, read as Linux wrote it (include/linux/swapops.h).</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Type">The type field, 0-31: which swap device, or which special kind; null for entries without one.</param>
/// <param name="Offset">The offset field: the slot on the swap device in pages, or what the special kind keeps there; null for entries without one.</param>
/// <param name="Frame">The frame that a PROT_NONE or migration entry still holds; null for the others.</param>
/// <param name="Description">In words, with the numbers.</param>
public sealed record NonPresentEntry(NonPresentKind Kind, int? Type, ulong? Offset, PageFrame? Frame, string Description)
{
    /// <summary>Nothing: all bits are zero.</summary>
    internal static NonPresentEntry Empty { get; } = new(NonPresentKind.Empty, null, null, null, "nothing mapped: the entry is 0");

    /// <summary>A page that is still in memory, and that nobody may access.</summary>
    internal static NonPresentEntry Withheld(PageFrame frame, string words) => new(NonPresentKind.ProtNone, null, null, frame, words);

    /// <summary>A swap entry.</summary>
    /// <param name="type">Its type field.</param>
    /// <param name="offset">Its offset field.</param>
    /// <param name="types">What this kernel's types mean.</param>
    /// <param name="frameBits">How many bits of an offset are a frame's number, where it holds one.</param>
    /// <param name="remark">Put behind the words.</param>
    internal static NonPresentEntry Swap(int type, ulong offset, SwapTypes types, int frameBits, string remark)
    {
        NonPresentKind kind = types.KindOf(type);
        PageFrame? held = kind is NonPresentKind.Migration or NonPresentKind.HardwarePoison ? new(offset & ((1UL << frameBits) - 1)) : null;
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
