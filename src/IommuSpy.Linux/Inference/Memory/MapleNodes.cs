namespace IommuSpy.Linux.Inference.Memory;

/// <summary>
/// Walks maple trees (since 6.1) by their documented node layout (include/linux/maple_tree.h), and checks on the way that it is theirs: pivots ascend, and
/// nodes are aligned to their size.
/// </summary>
internal static class MapleNodes
{
    /// <summary>sizeof(struct maple_node), and its alignment.</summary>
    public const int NodeBytes = 256;

    /// <summary>maple_range_64: 15 pivots from here, 16 slots behind them.</summary>
    public const int PivotsAt = 8;

    /// <summary>MAPLE_RANGE64_SLOTS.</summary>
    public const int RangeSlots = 16;

    /// <summary>maple_range_64.slot.</summary>
    public const int RangeSlotsAt = 128;

    /// <summary>MAPLE_ARANGE64_SLOTS.</summary>
    public const int AllocationSlots = 10;

    /// <summary>maple_arange_64.slot.</summary>
    public const int AllocationSlotsAt = 80;

    private const int TypeShift = 3;
    private const ulong TypeMask = 0xf;
    private const ulong Leaf = 1;
    private const ulong Range = 2;
    private const ulong AllocationRange = 3;
    private const ulong RootParent = 1;
    private const int MaxDepth = 12;
    private const int MaxEntries = 1 << 20;

    /// <summary>Where the tree that a root belongs to begins, by what its node says of its parent; null for what is no root.</summary>
    public static ulong? TreeOf(KernelBytes memory, ulong root)
    {
        ulong node = root & ~(NodeBytes - 1UL);
        ulong type = (root >> TypeShift) & TypeMask;
        return type is Leaf or Range or AllocationRange && memory.IsDirect(node) && memory.WordOrZero(node) is ulong parent && (parent & 7) == RootParent
            ? parent - RootParent : null;
    }

    /// <summary>The entries, in order, each with its first and last index; null where the nodes are not those of a tree.</summary>
    public static List<(ulong Entry, ulong First, ulong Last)>? Read(KernelBytes memory, ulong root)
    {
        List<(ulong, ulong, ulong)> entries = [];
        return Read(memory, root, 0, ulong.MaxValue, MaxDepth, entries) ? entries : null;
    }

    private static bool Read(KernelBytes memory, ulong encoded, ulong first, ulong last, int depth, List<(ulong, ulong, ulong)> entries)
    {
        ulong type = (encoded >> TypeShift) & TypeMask;
        ReadOnlySpan<byte> read = memory.At(encoded & ~(NodeBytes - 1UL), NodeBytes);
        if (depth == 0 || read.Length != NodeBytes || type is not (Leaf or Range or AllocationRange))
        {
            return false;
        }

        byte[] node = read.ToArray();
        int slots = type == AllocationRange ? AllocationSlots : RangeSlots;
        int slotsAt = type == AllocationRange ? AllocationSlotsAt : RangeSlotsAt;
        for (int i = 0; i < slots; i++)
        {
            ulong pivot = i < slots - 1 ? BitConverter.ToUInt64(node, PivotsAt + (i * sizeof(ulong))) : last;
            pivot = pivot == 0 && i > 0 ? last : pivot;
            if (pivot < first || pivot > last)
            {
                return false;
            }

            ulong slot = BitConverter.ToUInt64(node, slotsAt + (i * sizeof(ulong)));
            if (type == Leaf)
            {
                if (slot != 0)
                {
                    if (entries.Count == MaxEntries || !memory.IsDirect(slot))
                    {
                        return false;
                    }

                    entries.Add((slot, first, pivot));
                }
            }
            else if (!Read(memory, slot, first, pivot, depth - 1, entries))
            {
                return false;
            }

            if (pivot == last)
            {
                return true;
            }

            first = pivot + 1;
        }

        return false;
    }
}
