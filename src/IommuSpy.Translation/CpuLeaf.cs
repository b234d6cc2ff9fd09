using System.Runtime.CompilerServices;
using IommuSpy.Memory;

namespace IommuSpy.Translation;

/// <summary>What one leaf of a CPU's tables maps. Each property is worked out when it is asked for, so that a visit costs what its visitor uses.</summary>
/// <typeparam name="TFormat">The format of the tables, which a visitor need not know.</typeparam>
/// <param name="walked">First address that it translates, not sign-extended.</param>
/// <param name="unusedBits">How many bits of an address the tables do not translate.</param>
/// <param name="level">Level of the entry: 1 is the last.</param>
/// <param name="entry">The entry, with the walker's mask applied: without the C-bit.</param>
/// <param name="grants">The AND over all levels of what the entries let through.</param>
public readonly ref struct CpuLeaf<TFormat>(ulong walked, int unusedBits, int level, ulong entry, ulong grants)
    where TFormat : struct, ITableFormat
{
    /// <summary>First virtual address that it translates.</summary>
    public VirtualAddress Address => new((ulong)((long)(walked << unusedBits) >> unusedBits));

    /// <summary>Where that is in physical memory.</summary>
    public PhysicalAddress Physical
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            ulong offset = TFormat.OffsetMask(entry, level);
            return new((TFormat.Target(entry) & ~offset) | (walked & offset));
        }
    }

    /// <summary>How many bytes it maps: a power of two.</summary>
    public ulong Bytes => 1UL << Shift;

    /// <summary>log2 of that.</summary>
    public int Shift => TFormat.PageShift + ((level - 1) * TFormat.IndexBits);

    /// <summary>What all levels together let through.</summary>
    public AccessRights Rights
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TFormat.Rights(grants);
    }

    /// <summary>Level of the entry: 1 is the last.</summary>
    public int Level => level;

    /// <summary>The entry, with the walker's mask applied: without the C-bit.</summary>
    public ulong Entry => entry;
}
