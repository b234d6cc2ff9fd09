using IommuSpy.Memory;
using IommuSpy.Translation;
using IommuSpy.Translation.X64;

namespace IommuSpy.Analysis.Explain;

/// <summary>
/// Every kernel address of one physical byte, by a walk over all of the kernel's leaves. Of one page there are thousands of millions: the one to which KASAN maps its
/// shadow of unused memory.
/// </summary>
internal struct KernelAliases(X64AddressSpace space, PhysicalAddress physical) : ILeafVisitor
{
    /// <summary>Addresses that are kept at the most.</summary>
    public const int Most = 1024;

    private readonly List<(VirtualAddress Address, AccessRights Rights)> _found = [];

    /// <summary>The addresses, in order; the lowest 1024.</summary>
    public static IReadOnlyList<(VirtualAddress Address, AccessRights Rights)> Find(X64AddressSpace space, PhysicalAddress physical)
    {
        KernelAliases aliases = new(space, physical);
        VirtualAddress kernelHalf = new(space.SignExtend(1UL << (space.AddressBits - 1)));
        space.Visit(kernelHalf, new(ulong.MaxValue), ref aliases);
        return aliases._found;
    }

    public readonly void Leaf(ulong address, int level, ulong entry, ulong grants)
    {
        ulong offsetMask = (1UL << (3 + (9 * level))) - 1;
        if (_found.Count < Most && ((X64Format.Target(entry) ^ physical.Value) & ~offsetMask) == 0)
        {
            _found.Add((new(space.SignExtend(address) | (physical.Value & offsetMask)), X64Format.Rights(grants)));
        }
    }
}
