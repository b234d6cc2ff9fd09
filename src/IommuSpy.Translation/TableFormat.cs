using IommuSpy.Memory;

namespace IommuSpy.Translation;

/// <summary>
/// A table format for whoever learns only at run time which one it is: the members of <see cref="ITableFormat"/>, and the arithmetic of levels that follows
/// from them. Immutable; one object a format.
/// </summary>
public abstract class TableFormat
{
    private protected TableFormat()
    {
    }

    /// <summary>Address bits that one level consumes.</summary>
    public abstract int IndexBits { get; }

    /// <summary>log2 of the bytes that an entry of the last level maps: of the page, or granule.</summary>
    public abstract int PageShift { get; }

    /// <summary>Bytes that an entry of the last level maps.</summary>
    public ulong PageBytes => 1UL << PageShift;

    /// <summary>Entries of a table.</summary>
    public int Entries => 1 << IndexBits;

    /// <summary>Bytes of a table.</summary>
    public int TableBytes => Entries * sizeof(ulong);

    /// <summary>The format's object.</summary>
    public static TableFormat Of<TFormat>()
        where TFormat : struct, ITableFormat => KnownFormat<TFormat>.Instance;

    /// <summary>log2 of the bytes that one entry of a level covers.</summary>
    /// <param name="level">The level, from 1.</param>
    public int SlotShift(int level) => PageShift + ((level - 1) * IndexBits);

    /// <summary>Bytes that one entry of a level covers: 4 KiB, 2 MiB, 1 GiB... of x86-64.</summary>
    /// <param name="level">The level, from 1.</param>
    public ulong SlotBytes(int level) => 1UL << SlotShift(level);

    /// <summary>Pages that one entry of a level covers.</summary>
    /// <param name="level">The level, from 1.</param>
    public ulong SlotPages(int level) => 1UL << ((level - 1) * IndexBits);

    /// <summary>The level of an entry that maps a page of so many bytes.</summary>
    /// <param name="bytes">A power of two, at least <see cref="PageBytes"/>. Of sizes between two levels' (contiguous entries) the level that holds
    /// them.</param>
    public int LevelOf(ulong bytes) => 1 + ((System.Numerics.BitOperations.Log2(bytes) - PageShift) / IndexBits);

    /// <inheritdoc cref="ITableFormat.IsPresent"/>
    public abstract bool IsPresent(ulong entry);

    /// <inheritdoc cref="ITableFormat.IsLeaf"/>
    public abstract bool IsLeaf(ulong entry, int level);

    /// <inheritdoc cref="ITableFormat.Target"/>
    public abstract ulong Target(ulong entry);

    /// <inheritdoc cref="ITableFormat.OffsetMask"/>
    public abstract ulong OffsetMask(ulong entry, int level);

    /// <inheritdoc cref="ITableFormat.NextLevel"/>
    public abstract int NextLevel(ulong entry, int level);

    /// <inheritdoc cref="ITableFormat.ReservedBits"/>
    public abstract ulong ReservedBits(ulong entry, int level);

    /// <summary>What an entry alone lets through.</summary>
    public abstract AccessRights OwnRights(ulong entry, int level);

    /// <inheritdoc cref="ITableFormat.LevelName"/>
    public abstract string LevelName(int level);

    /// <inheritdoc cref="ITableFormat.FlagNames"/>
    public abstract IReadOnlyList<string> FlagNames(ulong entry, int level);

    /// <summary>The page that a present leaf maps.</summary>
    public PhysicalAddress Page(ulong entry, int level) => new(Target(entry) & ~OffsetMask(entry, level));

    internal abstract AddressSpace Space(PhysicalMemory memory, PhysicalAddress root, PagingMode mode);

    private sealed class KnownFormat<TFormat> : TableFormat
        where TFormat : struct, ITableFormat
    {
        public static KnownFormat<TFormat> Instance { get; } = new();

        public override int IndexBits => TFormat.IndexBits;

        public override int PageShift => TFormat.PageShift;

        public override bool IsPresent(ulong entry) => TFormat.IsPresent(entry);

        public override bool IsLeaf(ulong entry, int level) => TFormat.IsLeaf(entry, level);

        public override ulong Target(ulong entry) => TFormat.Target(entry);

        public override ulong OffsetMask(ulong entry, int level) => TFormat.OffsetMask(entry, level);

        public override int NextLevel(ulong entry, int level) => TFormat.NextLevel(entry, level);

        public override ulong ReservedBits(ulong entry, int level) => TFormat.ReservedBits(entry, level);

        public override AccessRights OwnRights(ulong entry, int level) => TFormat.Rights(TFormat.Grants(entry, level));

        public override string LevelName(int level) => TFormat.LevelName(level);

        public override IReadOnlyList<string> FlagNames(ulong entry, int level) => TFormat.FlagNames(entry, level);

        public override string ToString() => typeof(TFormat).Name;

        internal override AddressSpace Space(PhysicalMemory memory, PhysicalAddress root, PagingMode mode) => new AddressSpace<TFormat>(memory, root, mode);
    }
}
