using IommuSpy.Memory;
using IommuSpy.Translation;
using IommuSpy.Translation.X64;

namespace IommuSpy.Analysis.Explain;

/// <summary>
/// Every address of one physical byte in one half of a space, by a walk over all of its leaves. Of one page there are thousands of millions: the one to which
/// KASAN maps its shadow of unused memory.
/// </summary>
internal struct PageAliases(X64AddressSpace space, PhysicalAddress physical) : ILeafVisitor
{
    /// <summary>Addresses that are kept at the most.</summary>
    public const int Most = 1024;

    private readonly List<PageAlias> _found = [];

    /// <summary>The addresses in the kernel's half, in order; the lowest 1024.</summary>
    public static IReadOnlyList<PageAlias> InKernelHalf(X64AddressSpace space, PhysicalAddress physical) =>
        Find(space, physical, new(space.SignExtend(1UL << (space.AddressBits - 1))), new(ulong.MaxValue));

    /// <summary>The addresses in user space, in order; the lowest 1024.</summary>
    public static IReadOnlyList<PageAlias> InUserHalf(X64AddressSpace space, PhysicalAddress physical) =>
        Find(space, physical, new(0), new((1UL << (space.AddressBits - 1)) - 1));

    private static List<PageAlias> Find(X64AddressSpace space, PhysicalAddress physical, VirtualAddress first, VirtualAddress last)
    {
        PageAliases aliases = new(space, physical);
        space.Visit(first, last, ref aliases);
        return aliases._found;
    }

    public readonly void Leaf(ulong address, int level, ulong entry, ulong grants)
    {
        ulong offsetMask = (1UL << (3 + (9 * level))) - 1;
        if (_found.Count < Most && ((X64Format.Target(entry) ^ physical.Value) & ~offsetMask) == 0)
        {
            _found.Add(new(new(space.SignExtend(address) | (physical.Value & offsetMask)), offsetMask + 1, X64Format.Rights(grants)));
        }
    }
}
