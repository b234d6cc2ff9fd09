using IommuSpy.Linux.Types;

namespace IommuSpy.Linux.AddressSpaces;

/// <summary>Where the pivots and slots of a maple tree's node are (include/linux/maple_tree.h).</summary>
/// <param name="PivotsAt">Bytes from the node's start to the first pivot; what a slot reaches up to.</param>
/// <param name="Pivots">How many pivots.</param>
/// <param name="SlotsAt">Bytes from the node's start to the first slot.</param>
/// <param name="Slots">How many slots: one more than pivots.</param>
internal sealed record MapleLayout(int PivotsAt, int Pivots, int SlotsAt, int Slots)
{
    /// <summary>A node fills 256 bytes and is aligned to as many: the low 8 bits of a pointer to one hold its type.</summary>
    public const int NodeBytes = 256;

    // What 256 bytes have room for on a 64-bit machine, the same in every release since 6.1: the parent, then pivots and slots, and in inner nodes of trees
    // that track gaps, as those of address spaces do, a gap a slot.
    private static readonly MapleLayout Range = new(8, 15, 128, 16);
    private static readonly MapleLayout RangeWithGaps = new(8, 9, 80, 10);

    /// <summary>A node whose slots have pivots between them, without gaps.</summary>
    public static MapleLayout OfRange(KernelTypes types) => Of(types.FindStruct("maple_range_64")) ?? Range;

    /// <summary>A node whose slots have pivots between them and a gap each.</summary>
    public static MapleLayout OfRangeWithGaps(KernelTypes types) => Of(types.FindStruct("maple_arange_64")) ?? RangeWithGaps;

    private static MapleLayout? Of(StructType? node)
    {
        if (node?.Find("pivot") is not { Type.Resolved: ArrayType pivots } pivot || node.Find("slot") is not { Type.Resolved: ArrayType slots } slot)
        {
            return null;
        }

        bool fits = slots.Count == pivots.Count + 1 && pivot.Offset + pivot.Bytes <= NodeBytes && slot.Offset + slot.Bytes <= NodeBytes;
        return fits ? new((int)pivot.Offset, (int)pivots.Count, (int)slot.Offset, (int)slots.Count) : null;
    }
}
