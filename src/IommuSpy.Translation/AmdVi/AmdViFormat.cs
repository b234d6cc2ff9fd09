using System.Numerics;

namespace IommuSpy.Translation.AmdVi;

/// <summary>AMD-Vi host (v1) tables of 1 to 6 levels (AMD I/O Virtualization Technology specification 48882, 2.2.3). docs/amd-vi-host-tables.md</summary>
/// <remarks>
/// An entry says itself at which level the table below is, so tables can skip levels, and a page can have any power of two as its size: such a leaf stands in
/// as many entries as the page covers, and each maps its share.
/// </remarks>
public readonly struct AmdViFormat : ITableFormat
{
    /// <summary>PR: the entry is used.</summary>
    public const ulong Present = 1UL << 0;

    /// <summary>A: the IOMMU has used the entry.</summary>
    public const ulong Accessed = 1UL << 5;

    /// <summary>D: the IOMMU has written through the leaf.</summary>
    public const ulong Dirty = 1UL << 6;

    /// <summary>FC: accesses through the leaf snoop the CPU's caches.</summary>
    public const ulong ForceCoherent = 1UL << 60;

    /// <summary>IR: reads are let through.</summary>
    public const ulong Readable = 1UL << 61;

    /// <summary>IW: writes are let through.</summary>
    public const ulong Writable = 1UL << 62;

    private const ulong AddressMask = 0x000f_ffff_ffff_f000;
    private const ulong AlwaysReserved = 0x01f0_0000_0000_0000;
    private const ulong NextLevelMask = 7UL << NextLevelShift;
    private const int NextLevelShift = 9;
    private const int CodedSize = 7;
    private const int AddressBits = 64;

    private static readonly (ulong Bit, string Name)[] Names =
        [(Present, "PR"), (Accessed, "A"), (Dirty, "D"), (ForceCoherent, "FC"), (Readable, "IR"), (Writable, "IW")];

    /// <inheritdoc/>
    public static int IndexBits => 9;

    /// <inheritdoc/>
    public static int PageShift => 12;

    /// <inheritdoc/>
    public static bool IsPresent(ulong entry) => (entry & Present) != 0;

    /// <inheritdoc/>
    public static bool IsLeaf(ulong entry, int level) => NextLevel(entry) is 0 or CodedSize;

    /// <inheritdoc/>
    public static ulong Target(ulong entry) => entry & AddressMask;

    /// <inheritdoc/>
    /// <remarks>
    /// With a coded size, the first 0 among the address bits from 12 up ends it: a page of 2^n bytes has n - 13 ones, and its address above them.
    /// </remarks>
    public static ulong OffsetMask(ulong entry, int level)
    {
        if (NextLevel(entry) != CodedSize)
        {
            return SlotMask(level);
        }

        int bits = PageShift + 1 + BitOperations.TrailingZeroCount(~(entry >> PageShift));
        return bits >= AddressBits ? ulong.MaxValue : (1UL << bits) - 1;
    }

    /// <inheritdoc/>
    public static int NextLevel(ulong entry, int level) => NextLevel(entry);

    /// <inheritdoc/>
    /// <remarks>A table at the entry's own level or above it is an error, and so is a coded size below what the entry covers, or one that never ends.</remarks>
    public static ulong ReservedBits(ulong entry, int level)
    {
        int next = NextLevel(entry);
        ulong wrong = next switch
        {
            0 => 0,
            CodedSize => OffsetMask(entry, level) < SlotMask(level) || OffsetMask(entry, level) > AddressMask ? NextLevelMask : 0,
            _ => next >= level ? entry & NextLevelMask : 0,
        };
        return wrong | (entry & AlwaysReserved);
    }

    /// <inheritdoc/>
    public static ulong Grants(ulong entry, int level) => entry;

    /// <inheritdoc/>
    public static AccessRights Rights(ulong grants) =>
        ((grants & Readable) != 0 ? AccessRights.Read : AccessRights.None) | ((grants & Writable) != 0 ? AccessRights.Write : AccessRights.None);

    /// <inheritdoc/>
    public static string LevelName(int level) => $"L{level}";

    /// <inheritdoc/>
    public static IReadOnlyList<string> FlagNames(ulong entry, int level) =>
        [.. Names.Where(flag => (entry & flag.Bit) != 0).Select(flag => flag.Name), $"NL={NextLevel(entry)}"];

    private static int NextLevel(ulong entry) => (int)((entry & NextLevelMask) >> NextLevelShift);

    private static ulong SlotMask(int level)
    {
        int bits = PageShift + ((level - 1) * IndexBits);
        return (1UL << bits) - 1;
    }
}
