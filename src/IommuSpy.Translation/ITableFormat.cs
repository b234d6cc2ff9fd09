namespace IommuSpy.Translation;

/// <summary>
/// How hardware reads one entry of a radix table. Implementations are stateless structs: the compiler specialises
/// <see cref="TableWalker{TFormat}"/> for each, so a format costs nothing at run time.
/// </summary>
/// <remarks>Levels count down to 1, the level whose entries always map a page: 4 KiB, or another granule.</remarks>
public interface ITableFormat
{
    /// <summary>log2 of the bytes that an entry of level 1 maps.</summary>
    static abstract int PageShift { get; }

    /// <summary>Address bits that one level consumes; a table has 2^IndexBits entries of 8 bytes.</summary>
    static abstract int IndexBits { get; }

    /// <summary>Whether hardware would use the entry at all. It never does one of all zeros.</summary>
    static abstract bool IsPresent(ulong entry);

    /// <summary>Whether a present entry at <paramref name="level"/> maps memory, rather than pointing at a lower table.</summary>
    static abstract bool IsLeaf(ulong entry, int level);

    /// <summary>
    /// The physical address that a present entry holds: of the page for a leaf, else of the next table. Bits below the page size may be flags.
    /// </summary>
    static abstract ulong Target(ulong entry);

    /// <summary>Bytes of the page that a leaf at <paramref name="level"/> maps, less one: a mask for the offset in it.</summary>
    static abstract ulong OffsetMask(ulong entry, int level);

    /// <summary>
    /// The level of the table that a present entry at <paramref name="level"/> points at: the one below, but for formats that can skip levels.
    /// </summary>
    /// <remarks>Below <paramref name="level"/> and at least 1 for an entry that is no leaf and has no <see cref="ReservedBits"/>.</remarks>
    static abstract int NextLevel(ulong entry, int level);

    /// <summary>The bits of a present entry that hardware faults on because they must be zero at <paramref name="level"/>; 0 for a good one.</summary>
    static abstract ulong ReservedBits(ulong entry, int level);

    /// <summary>
    /// What the entry lets through, as bits that are set when it does: the AND of these over all levels is what the path as a whole lets through.
    /// A format whose entry takes rights away with a set bit inverts it here.
    /// </summary>
    /// <param name="entry">The entry.</param>
    /// <param name="level">Its level.</param>
    static abstract ulong Grants(ulong entry, int level);

    /// <summary>The rights that an AND of <see cref="Grants"/> stands for.</summary>
    static abstract AccessRights Rights(ulong grants);

    /// <summary>What the manual calls the table of a level: "PML4".</summary>
    /// <param name="level">The level; one that the format has.</param>
    static abstract string LevelName(int level);

    /// <summary>The flags of a present entry by the manual's names. Names that do not apply to the entry's kind are left out.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="level">Its level.</param>
    static abstract IReadOnlyList<string> FlagNames(ulong entry, int level);
}
