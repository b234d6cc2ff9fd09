namespace IommuSpy.Translation.VtD;

/// <summary>Intel VT-d second-stage tables of 3, 4 or 5 levels (VT-d specification, 3.7 and 9.8 to 9.12). docs/vtd-second-stage.md</summary>
/// <remarks>There is no present bit: an entry that lets through neither reads nor writes is not present.</remarks>
public readonly struct VtdSecondStageFormat : ITableFormat
{
    /// <summary>R: reads are let through.</summary>
    public const ulong Readable = 1UL << 0;

    /// <summary>W: writes are let through.</summary>
    public const ulong Writable = 1UL << 1;

    /// <summary>PS: at levels 2 and 3, the entry is a leaf.</summary>
    public const ulong PageSize = 1UL << 7;

    /// <summary>A: the IOMMU has used the entry, where it keeps such flags.</summary>
    public const ulong Accessed = 1UL << 8;

    /// <summary>D: the IOMMU has written through the leaf, where it keeps such flags.</summary>
    public const ulong Dirty = 1UL << 9;

    /// <summary>SNP: accesses through the leaf snoop the CPU's caches.</summary>
    public const ulong Snoop = 1UL << 11;

    private const ulong AddressMask = 0x000f_ffff_ffff_f000;
    private const int HighestLeafLevel = 3;

    private static readonly (ulong Bit, string Name)[] Names =
        [(Readable, "R"), (Writable, "W"), (PageSize, "PS"), (Accessed, "A"), (Dirty, "D"), (Snoop, "SNP")];

    /// <inheritdoc/>
    public static int IndexBits => 9;

    /// <inheritdoc/>
    public static int PageShift => 12;

    /// <inheritdoc/>
    public static bool IsPresent(ulong entry) => (entry & (Readable | Writable)) != 0;

    /// <inheritdoc/>
    public static bool IsLeaf(ulong entry, int level) => level == 1 || (level <= HighestLeafLevel && (entry & PageSize) != 0);

    /// <inheritdoc/>
    public static ulong Target(ulong entry) => entry & AddressMask;

    /// <inheritdoc/>
    public static ulong OffsetMask(ulong entry, int level) => (1UL << (PageShift + ((level - 1) * IndexBits))) - 1;

    /// <inheritdoc/>
    public static int NextLevel(ulong entry, int level) => level - 1;

    /// <inheritdoc/>
    /// <remarks>What the unit's address width and capabilities reserve beyond these, a memory image does not tell.</remarks>
    public static ulong ReservedBits(ulong entry, int level) => (entry & PageSize) == 0 || level == 1 ? 0 : entry & ReservedWithPageSize(level);

    private static ulong ReservedWithPageSize(int level) => level > HighestLeafLevel ? PageSize : AddressMask & OffsetMask(0, level);

    /// <inheritdoc/>
    public static ulong Grants(ulong entry, int level) => entry;

    /// <inheritdoc/>
    public static AccessRights Rights(ulong grants) =>
        ((grants & Readable) != 0 ? AccessRights.Read : AccessRights.None) | ((grants & Writable) != 0 ? AccessRights.Write : AccessRights.None);

    /// <inheritdoc/>
    public static string LevelName(int level) => $"SS{level}";

    /// <inheritdoc/>
    public static IReadOnlyList<string> FlagNames(ulong entry, int level) => [.. Names.Where(flag => (entry & flag.Bit) != 0).Select(flag => flag.Name)];
}
