using IommuSpy.Memory;

namespace IommuSpy.Linux.Objects;

/// <summary>The elements of a red-black tree (include/linux/rbtree.h), as far as it could be followed.</summary>
/// <param name="Elements">The structures that the tree links, in its order.</param>
/// <param name="Damage">Where and why it could not be followed everywhere; null for a whole tree.</param>
public sealed record RedBlackTree(IReadOnlyList<VirtualAddress> Elements, string? Damage)
{
    // struct rb_node: the parent, with the colour in its low bits; the right child; the left child. The same since 2.6.18.
    private const ulong ParentAt = 0;
    private const ulong RightAt = 8;
    private const ulong LeftAt = 16;
    private const ulong ColourMask = 3;

    // Twice the logarithm of the most elements that any machine has room for.
    private const int MaxDepth = 96;

    /// <summary>Follows a tree. A child that does not lead back to its parent is not followed.</summary>
    /// <param name="objects">Reads the kernel's memory.</param>
    /// <param name="root">Where the struct rb_root is.</param>
    /// <param name="memberOffset">Bytes from an element's start to its rb_node.</param>
    /// <param name="limit">Elements that are followed at the most.</param>
    public static RedBlackTree Read(KernelObjects objects, VirtualAddress root, ulong memberOffset, int limit = KernelList.MaxElements)
    {
        List<VirtualAddress> elements = [];
        HashSet<ulong> seen = [];
        Stack<VirtualAddress> open = new();
        string? damage = null;
        WorkAllowance allowance = new(objects.Kernel.Memory.Budget, Work.Steps, limit);
        VirtualAddress? at = Child(root, 0, null);
        while (at is not null || open.Count > 0)
        {
            if (at is VirtualAddress node)
            {
                open.Push(node);
                at = open.Count < MaxDepth ? Child(node, LeftAt, node) : null;
                continue;
            }

            VirtualAddress next = open.Pop();
            if (!allowance.TryUse())
            {
                return new(elements, $"it has more than {elements.Count} elements");
            }

            elements.Add(new(unchecked(next.Value - memberOffset)));
            at = Child(next, RightAt, next);
        }

        allowance.Finish();
        return new(elements, damage);

        VirtualAddress? Child(VirtualAddress from, ulong offset, VirtualAddress? parent)
        {
            if (objects.Word(from + offset) is not ulong child)
            {
                damage ??= $"the node at {from} cannot be read";
                return null;
            }

            if (child == 0)
            {
                return null;
            }

            VirtualAddress node = new(child);
            if (objects.Word(node + ParentAt) is not ulong back || (back & ~ColourMask) != (parent?.Value ?? 0) || !seen.Add(child))
            {
                damage ??= $"the node at {from} leads to {node}, which does not lead back";
                return null;
            }

            return node;
        }
    }
}
