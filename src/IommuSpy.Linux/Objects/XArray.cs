using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Objects;

/// <summary>
/// The entries of an xarray (include/linux/xarray.h), or of the radix tree that stood in its place before 4.20, as far as it could be followed.
/// </summary>
/// <param name="Entries">Its entries, by index.</param>
/// <param name="Damage">Where and why it could not be followed everywhere; null for a whole one.</param>
public sealed record XArray(IReadOnlyList<ArrayEntry> Entries, string? Damage)
{
    private const ulong TagMask = 3;

    // xa_mk_internal; before 4.20 RADIX_TREE_INTERNAL_NODE. What is smaller than a page is a mark and no node (xa_is_node).
    private const ulong NodeTag = 2;
    private const ulong OldNodeTag = 1;

    // xa_mk_value; before 4.20 RADIX_TREE_EXCEPTIONAL_ENTRY.
    private const ulong ValueTag = 1;
    private const ulong OldValueTag = 2;
    private const ulong LastMark = 4096;

    // xa_mk_sibling: an entry of several indexes stands in its first slot, and the others name that slot.
    private const int SiblingShift = 2;
    private const int MaxShift = 60;

    /// <summary>Follows an array. A node that does not stand one level below the one that leads to it is not followed.</summary>
    /// <param name="objects">Reads the kernel's memory.</param>
    /// <param name="array">Where the struct xarray, or radix_tree_root, is.</param>
    /// <param name="withValues">Whether entries that are no pointers (xa_is_value) count, too.</param>
    /// <exception cref="MissingTypeException">Nothing describes its nodes.</exception>
    public static XArray Read(KernelObjects objects, VirtualAddress array, bool withValues = false)
    {
        bool isOld = objects.Types.FindStruct("xa_node") is null;
        StructType node = objects.Types.Struct(isOld ? "radix_tree_node" : "xa_node");
        Field head = isOld ? objects.Types.Struct("radix_tree_root").Field("rnode") : objects.Types.Struct("xarray").Field("xa_head");
        Walk walk = new(objects, node.Field("shift"), node.Field("slots"), isOld ? OldNodeTag : NodeTag, withValues ? isOld ? OldValueTag : ValueTag : 0);
        return objects.Read(array, head) is ulong first ? walk.From(first) : new([], $"its head at {array} cannot be read");
    }

    private sealed class Walk(KernelObjects objects, Field shift, Field slots, ulong tag, ulong valueTag)
    {
        private readonly List<ArrayEntry> _entries = [];
        private string? _damage;
        private WorkAllowance _allowance = new(objects.Kernel.Memory.Budget, Work.Steps, KernelList.MaxElements);

        public XArray From(ulong head)
        {
            if (IsNode(head))
            {
                Node(new(head & ~TagMask), 0, null);
            }
            else if (head != 0)
            {
                _entries.Add(new(0, 1, head, (head & TagMask) != 0));
            }

            _allowance.Finish();
            return new(_entries, _damage);
        }

        private bool IsNode(ulong value) => (value & TagMask) == tag && value > LastMark;

        private void Node(VirtualAddress node, ulong first, int? expected)
        {
            if (!_allowance.TryUse())
            {
                _damage ??= $"it has more nodes and entries than are followed: {_entries.Count} were";
                return;
            }

            if (objects.Read(node, shift) is not (ulong found and <= MaxShift) || (expected is int level && (int)found != level))
            {
                _damage ??= $"the node at {node} is not of the level that leads to it, or cannot be read";
                return;
            }

            // 64, or 16 on kernels built to be small.
            int count = (int)(slots.Bytes / sizeof(ulong));
            int bits = System.Numerics.BitOperations.Log2((uint)Math.Max(1, count));
            ulong? wide = null;
            for (int i = 0; i < count; i++)
            {
                if (objects.Word(node + slots.Offset + ((ulong)i * sizeof(ulong))) is not ulong value)
                {
                    _damage ??= $"the node at {node} cannot be read";
                    return;
                }

                ulong index = first + ((ulong)i << (int)found);
                if (found > 0 && IsNode(value))
                {
                    Node(new(value & ~TagMask), index, (int)found - bits);
                }
                else if (value != 0 && ((value & TagMask) == 0 || (valueTag != 0 && (value & valueTag) == valueTag)))
                {
                    if (!_allowance.TryUse())
                    {
                        _damage ??= $"it has more nodes and entries than are followed: {_entries.Count} were";
                        return;
                    }

                    _entries.Add(new(index, 1UL << (int)found, value, (value & TagMask) != 0));
                    wide = (ulong)i;
                }
                else if (wide is ulong slot && value == ((slot << SiblingShift) | NodeTag) && tag == NodeTag)
                {
                    _entries[^1] = _entries[^1] with { Count = _entries[^1].Count + (1UL << (int)found) };
                }
            }
        }
    }
}
