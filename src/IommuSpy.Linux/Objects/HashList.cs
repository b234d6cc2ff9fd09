using IommuSpy.Memory;

namespace IommuSpy.Linux.Objects;

/// <summary>The elements of a bucket of a hash table (include/linux/list.h, struct hlist_head), as far as it could be followed.</summary>
/// <param name="Elements">The structures that the bucket links, in its order.</param>
/// <param name="Damage">Where and why it could not be followed to its end; null for a whole one.</param>
public sealed record HashList(IReadOnlyList<VirtualAddress> Elements, string? Damage)
{
    // struct hlist_node: the next node, then where the pointer to this one stands. The head is that pointer alone.
    private const ulong NextAt = 0;
    private const ulong PointerAt = 8;

    // include/linux/list_nulls.h: where nodes may move from bucket to bucket, an odd number in place of the last pointer tells which one this was.
    private const ulong EndMark = 1;

    /// <summary>Follows a bucket. A node that does not point back at the pointer that led to it is not followed.</summary>
    /// <param name="objects">Reads the kernel's memory.</param>
    /// <param name="head">Where the struct hlist_head is.</param>
    /// <param name="memberOffset">Bytes from an element's start to its hlist_node.</param>
    public static HashList Read(KernelObjects objects, VirtualAddress head, ulong memberOffset) => Read(objects, head, memberOffset, mayEndInMark: false);

    /// <summary>The same of a struct hlist_nulls_head, too.</summary>
    internal static HashList ReadNulls(KernelObjects objects, VirtualAddress head, ulong memberOffset) =>
        Read(objects, head, memberOffset, mayEndInMark: true);

    private static HashList Read(KernelObjects objects, VirtualAddress head, ulong memberOffset, bool mayEndInMark)
    {
        WorkAllowance allowance = new(objects.Kernel.Memory.Budget, Work.Steps, KernelList.MaxElements);
        List<VirtualAddress> elements = [];
        string? damage = Follow(objects, head, memberOffset, mayEndInMark, elements, ref allowance);
        allowance.Finish();
        return new(elements, damage);
    }

    private static string? Follow(
        KernelObjects objects, VirtualAddress head, ulong memberOffset, bool mayEndInMark, List<VirtualAddress> elements, ref WorkAllowance allowance)
    {
        VirtualAddress pointer = head;
        while (true)
        {
            if (objects.Word(pointer) is not ulong next)
            {
                return $"the pointer at {pointer} cannot be read";
            }

            if (next == 0 || (mayEndInMark && (next & EndMark) != 0))
            {
                return null;
            }

            VirtualAddress node = new(next);
            if (objects.Word(node + PointerAt) != pointer.Value)
            {
                return $"the pointer at {pointer} leads to {node}, which does not point back";
            }

            if (!allowance.TryUse())
            {
                return $"it has more than {elements.Count} elements";
            }

            elements.Add(new(unchecked(next - memberOffset)));
            pointer = node + NextAt;
        }
    }
}
