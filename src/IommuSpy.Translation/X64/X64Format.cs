namespace IommuSpy.Translation.X64;

/// <summary>x86-64 paging, 4- and 5-level (Intel SDM 3A, 4.5; AMD64 APM 2, 5.3). Both depths share one entry format.</summary>
public readonly struct X64Format : ITableFormat
{
    // Bits 12-51. Under SME and SEV one of them is the C-bit: the walker's entry mask clears it first.
    private const ulong AddressMask = 0x000f_ffff_ffff_f000;

    // PS is reserved above level 3 (SDM table 4-14): 512 GiB pages do not exist.
    private const int HighestLeafLevel = 3;

    /// <inheritdoc/>
    public static int IndexBits => 9;

    /// <inheritdoc/>
    public static int PageShift => 12;

    /// <inheritdoc/>
    public static bool IsPresent(ulong entry) => (entry & X64Entry.Present) != 0;

    /// <inheritdoc/>
    public static bool IsLeaf(ulong entry, int level) => level == 1 || (level <= HighestLeafLevel && (entry & X64Entry.PageSize) != 0);

    /// <inheritdoc/>
    /// <remarks>Bit 12 is PAT in a large page, not address: the walker clears everything below the page size.</remarks>
    public static ulong Target(ulong entry) => entry & AddressMask;

    /// <inheritdoc/>
    public static ulong OffsetMask(ulong entry, int level) => (1UL << (PageShift + ((level - 1) * IndexBits))) - 1;

    /// <inheritdoc/>
    public static int NextLevel(ulong entry, int level) => level - 1;

    /// <inheritdoc/>
    /// <remarks>Address bits between the CPU's physical width and 52 are reserved too, but a memory image does not tell that width.</remarks>
    public static ulong ReservedBits(ulong entry, int level) => (entry & X64Entry.PageSize) == 0 ? 0 : entry & ReservedWithPageSize(level);

    private static ulong ReservedWithPageSize(int level) => level switch
    {
        > HighestLeafLevel => X64Entry.PageSize,
        3 => 0x3fff_e000,
        2 => 0x001f_e000,
        _ => 0,
    };

    /// <inheritdoc/>
    public static ulong Grants(ulong entry, int level) => entry ^ X64Entry.NoExecute;

    /// <inheritdoc/>
    public static AccessRights Rights(ulong grants) =>
        AccessRights.Read |
        ((grants & X64Entry.Writable) != 0 ? AccessRights.Write : AccessRights.None) |
        ((grants & X64Entry.NoExecute) != 0 ? AccessRights.Execute : AccessRights.None) |
        ((grants & X64Entry.UserAccess) != 0 ? AccessRights.User : AccessRights.None);

    /// <inheritdoc/>
    public static string LevelName(int level) => X64Entry.LevelName(level);

    /// <inheritdoc/>
    public static IReadOnlyList<string> FlagNames(ulong entry, int level) => X64Entry.FlagNames(entry, level);

    /// <summary>How a CPU in long mode reads tables.</summary>
    /// <param name="levels">4, or 5 with CR4.LA57.</param>
    /// <param name="entryMask">Clears the C-bit under SME and SEV; all ones elsewhere.</param>
    public static PagingMode Mode(int levels, ulong entryMask = ulong.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(levels, 4);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(levels, 5);
        return new(TableFormat.Of<X64Format>(), levels, PageShift + (IndexBits * levels), entryMask);
    }
}
