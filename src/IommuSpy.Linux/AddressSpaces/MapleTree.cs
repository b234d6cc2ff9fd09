using System.Buffers.Binary;
using IommuSpy.Linux.Objects;
using IommuSpy.Memory;

namespace IommuSpy.Linux.AddressSpaces;

/// <summary>
/// Reads a maple tree (include/linux/maple_tree.h, lib/maple_tree.c; since 6.1). Of a damaged one the readable parts are read, and the others named.
/// </summary>
internal sealed class MapleTree
{
    // MAPLE_HEIGHT_MAX.
    private const int MaxDepth = 31;

    // More nodes than the 65,530 areas that a process may have by default take, and than any limit on memory lets it have.
    private const int MaxNodes = 1 << 20;
    private const int MaxDamage = 16;

    // Low bits of an entry: 2 marks what the tree itself put there, which below 4096 is no pointer.
    private const ulong KindMask = 3;
    private const ulong InternalKind = 2;
    private const ulong FirstPointer = 4096;
    private const ulong ZeroEntry = (257 << 2) | InternalKind;

    // A pointer to a node has its type in bits 3-6; the root's is marked as the tree's own besides, those in nodes are not.
    private const ulong NodeMask = ~(ulong)(MapleLayout.NodeBytes - 1);
    private const int TypeShift = 3;
    private const ulong TypeMask = 15;
    private const int Dense = 0;
    private const int LeafRange = 1;
    private const int InnerRange = 2;
    private const int InnerRangeWithGaps = 3;

    // The root's parent is the tree, with bit 0 set.
    private const ulong RootParent = 1;
    private const int DenseSlots = 31;

    private readonly KernelObjects _objects;
    private readonly MapleLayout _range;
    private readonly MapleLayout _rangeWithGaps;
    private readonly List<MapleEntry> _entries = [];
    private readonly List<string> _damage = [];
    private readonly HashSet<ulong> _seen = [];
    private WorkAllowance _allowance;

    private MapleTree(KernelObjects objects)
    {
        _objects = objects;
        _allowance = new(objects.Kernel.Memory.Budget, Work.Steps, MaxNodes);
        _range = MapleLayout.OfRange(objects.Types);
        _rangeWithGaps = MapleLayout.OfRangeWithGaps(objects.Types);
    }

    /// <summary>The entries of a tree, in order of their indexes.</summary>
    /// <param name="objects">Reads the kernel's memory.</param>
    /// <param name="tree">Where its struct maple_tree is.</param>
    /// <param name="root">What that has in ma_root.</param>
    /// <returns>The entries, and what of the tree could not be read.</returns>
    public static (IReadOnlyList<MapleEntry> Entries, IReadOnlyList<string> Damage) Read(KernelObjects objects, VirtualAddress tree, ulong root)
    {
        MapleTree reader = new(objects);
        if (IsNode(root))
        {
            reader.Node(root, tree.Value | RootParent, 0, ulong.MaxValue, 0);
        }
        else if (root != 0)
        {
            // A tree with one entry, at index 0, has no node.
            reader.Entry(root, 0, 0);
        }

        reader._allowance.Finish();
        return (reader._entries, reader._damage);
    }

    private static bool IsNode(ulong entry) => (entry & KindMask) == InternalKind && entry > FirstPointer;

    private void Node(ulong pointer, ulong parent, ulong first, ulong last, int depth)
    {
        ulong node = pointer & NodeMask;
        int type = (int)((pointer >> TypeShift) & TypeMask);
        if (depth > MaxDepth || !_allowance.TryUse())
        {
            Damage(node, "is deeper, or one of more, than a maple tree has");
            return;
        }

        if (!_seen.Add(node))
        {
            Damage(node, "is reached twice");
            return;
        }

        Span<byte> bytes = stackalloc byte[MapleLayout.NodeBytes];
        if (_objects.Kernel.Space.Read(new(node), bytes) != bytes.Length)
        {
            Damage(node, "cannot be read");
            return;
        }

        ulong back = Word(bytes, 0);
        if ((back & NodeMask) == node)
        {
            Damage(node, "is one that was taken out of the tree");
        }
        else if (depth == 0 ? back != parent : (back & NodeMask) != parent)
        {
            Damage(node, "does not lead back to its parent");
        }
        else
        {
            Slots(node, type, bytes, first, last, depth);
        }
    }

    private void Slots(ulong node, int type, ReadOnlySpan<byte> bytes, ulong first, ulong last, int depth)
    {
        if (type == Dense)
        {
            for (int i = 0; i < DenseSlots && (ulong)i <= last - first; i++)
            {
                Entry(Word(bytes, sizeof(ulong) * (i + 1)), first + (ulong)i, first + (ulong)i);
            }

            return;
        }

        if (type is not (LeafRange or InnerRange or InnerRangeWithGaps))
        {
            Damage(node, $"has a type that is none: {type}");
            return;
        }

        MapleLayout layout = type == InnerRangeWithGaps ? _rangeWithGaps : _range;
        ulong from = first;
        for (int i = 0; i < layout.Slots; i++)
        {
            // A pivot of 0 behind the first ends the node: its last slot reaches as far as the node does.
            ulong to = i < layout.Pivots ? Word(bytes, layout.PivotsAt + (i * sizeof(ulong))) : last;
            if (to == 0 && i > 0)
            {
                to = last;
            }

            if (to < from || to > last)
            {
                Damage(node, $"has pivots that are not in order, at slot {i}");
                return;
            }

            ulong slot = Word(bytes, layout.SlotsAt + (i * sizeof(ulong)));
            if (type == LeafRange)
            {
                Entry(slot, from, to);
            }
            else if (slot > FirstPointer)
            {
                Node(slot, node, from, to, depth + 1);
            }
            else
            {
                Damage(node, $"has no node in slot {i}");
            }

            if (to == last)
            {
                return;
            }

            from = to + 1;
        }
    }

    private void Entry(ulong value, ulong first, ulong last)
    {
        // Reserved and not yet filled (XA_ZERO_ENTRY) is as good as empty.
        if (value is 0 or ZeroEntry)
        {
            return;
        }

        if ((value & KindMask) == InternalKind)
        {
            Damage(value, "stands where an entry should");
            return;
        }

        _entries.Add(new(first, last, value));
    }

    private void Damage(ulong node, string what)
    {
        if (_damage.Count < MaxDamage)
        {
            _damage.Add($"maple tree: node {new VirtualAddress(node)} {what}");
        }
    }

    private static ulong Word(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);
}
