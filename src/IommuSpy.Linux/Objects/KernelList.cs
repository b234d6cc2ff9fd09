using IommuSpy.Memory;

namespace IommuSpy.Linux.Objects;

/// <summary>The elements of a circular list (include/linux/list.h, struct list_head), as far as it could be followed.</summary>
/// <param name="Elements">The structures that the list links, in its order.</param>
/// <param name="Damage">Where and why it could not be followed to its end; null for a whole list.</param>
public sealed record KernelList(IReadOnlyList<VirtualAddress> Elements, string? Damage)
{
    /// <summary>Elements that are followed at the most; no list of a sane machine is longer than its pids (PID_MAX_LIMIT).</summary>
    public const int MaxElements = 1 << 22;

    private const ulong NextAt = 0;
    private const ulong PreviousAt = 8;

    /// <summary>Follows a list. A back link that does not lead back ends it: what was linked wrongly, or half of an update, is not followed.</summary>
    /// <param name="objects">Reads the kernel's memory.</param>
    /// <param name="head">Where the head is: a list_head that belongs to no element.</param>
    /// <param name="memberOffset">Bytes from an element's start to its list_head.</param>
    /// <param name="limit">Elements that are followed at the most.</param>
    public static KernelList Read(KernelObjects objects, VirtualAddress head, ulong memberOffset, int limit = MaxElements) =>
        Follow(objects, head, memberOffset, limit, NextAt, PreviousAt);

    /// <summary>Follows a list by its back links, from its last element to its first: of a damaged list this reaches what stands behind the damage.</summary>
    /// <inheritdoc cref="Read"/>
    public static KernelList ReadBackwards(KernelObjects objects, VirtualAddress head, ulong memberOffset, int limit = MaxElements) =>
        Follow(objects, head, memberOffset, limit, PreviousAt, NextAt);

    private static KernelList Follow(KernelObjects objects, VirtualAddress head, ulong memberOffset, int limit, ulong onward, ulong back)
    {
        WorkAllowance allowance = new(objects.Kernel.Memory.Budget, Work.Steps, limit);
        KernelList list = Follow(objects, head, memberOffset, ref allowance, onward, back);
        allowance.Finish();
        return list;
    }

    private static KernelList Follow(KernelObjects objects, VirtualAddress head, ulong memberOffset, ref WorkAllowance allowance, ulong onward, ulong back)
    {
        List<VirtualAddress> elements = [];
        VirtualAddress at = head;
        while (true)
        {
            if (objects.Word(at + onward) is not ulong next)
            {
                return new(elements, $"the link at {at} cannot be read");
            }

            VirtualAddress link = new(next);
            if (objects.Word(link + back) is not ulong returning)
            {
                return new(elements, $"the link at {at} leads to {link}, which cannot be read");
            }

            if (returning != at.Value)
            {
                return new(elements, $"the link at {at} leads to {link}, which does not lead back");
            }

            if (link == head)
            {
                return new(elements, null);
            }

            if (!allowance.TryUse())
            {
                return new(elements, $"it has more than {elements.Count} elements");
            }

            elements.Add(new(unchecked(next - memberOffset)));
            at = link;
        }
    }
}
