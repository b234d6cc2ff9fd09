using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using IommuSpy.Memory;

namespace IommuSpy.Translation;

/// <summary>Walks tables of one format in physical memory. Stateless but for the memory: safe to share between threads.</summary>
/// <param name="memory">Where the tables are.</param>
/// <param name="entryMask">ANDed with every entry before it is read: clears the C-bit under SME and SEV (AMD64 APM 2, 7.10.5). All ones elsewhere.</param>
public sealed class TableWalker<TFormat>(PhysicalMemory memory, ulong entryMask = ulong.MaxValue)
    where TFormat : struct, ITableFormat
{
    private const int AddressBits = 64;

    private static int TableBytes => sizeof(ulong) << TFormat.IndexBits;

    /// <summary><see cref="WalkSummary.MaxTables"/>, but for tests that cannot wait for so many.</summary>
    internal long TableLimit { get; init; } = WalkSummary.MaxTables;

    /// <summary>
    /// Visits every leaf under <paramref name="root"/> in address order. A table that memory lacks is passed over and counted, of one that it
    /// holds in part what is there is visited; entries with reserved bits set are passed over, as hardware faults on them.
    /// </summary>
    /// <param name="root">Physical address of the top table.</param>
    /// <param name="levels">Depth of the table: 4 or 5 for x86-64, 2 to 6 for IOMMU tables. It bounds the walk, so a table that points at itself cannot
    /// loop.</param>
    /// <param name="visitor">Told of each leaf.</param>
    public WalkSummary Visit<TVisitor>(PhysicalAddress root, int levels, ref TVisitor visitor)
        where TVisitor : struct, ILeafVisitor => Visit(root, levels, 0, ulong.MaxValue, ref visitor);

    /// <summary>
    /// Visits the leaves that translate any address of <paramref name="first"/> to <paramref name="last"/> (inclusive, not sign-extended); none where first is
    /// above last.
    /// </summary>
    /// <inheritdoc cref="Visit{TVisitor}(PhysicalAddress, int, ref TVisitor)"/>
    /// <param name="root">Physical address of the top table.</param>
    /// <param name="levels">Depth of the table.</param>
    /// <param name="first">First address.</param>
    /// <param name="last">Last address.</param>
    /// <param name="visitor">Told of each leaf.</param>
    /// <param name="budget">What the walk may use; null for the memory's own budget.</param>
    /// <param name="start">The address that the table's first entry translates: 0 unless the table is one half's alone.</param>
    public WalkSummary Visit<TVisitor>(
        PhysicalAddress root, int levels, ulong first, ulong last, ref TVisitor visitor, WorkBudget? budget = null, ulong start = 0)
        where TVisitor : struct, ILeafVisitor
    {
        ThrowIfNoDepth(levels);
        Walk walk = new(first, last, new(budget ?? memory.Budget, TableLimit));
        if (first <= last)
        {
            VisitTable(root, levels, start, ulong.MaxValue, ref walk, ref visitor);
        }

        walk.Visits.Finish();
        return new(walk.Tables, walk.Missing, walk.Visits.LimitReached);
    }

    [SkipLocalsInit]
    private void VisitTable<TVisitor>(PhysicalAddress table, int level, ulong baseAddress, ulong grants, ref Walk walk, ref TVisitor visitor)
        where TVisitor : struct, ILeafVisitor
    {
        if (!walk.Visits.TryEnter(table, level))
        {
            return;
        }

        Span<byte> copy = stackalloc byte[TableBytes];
        if (memory.TryGet(table, copy, out ReadOnlySpan<byte> bytes))
        {
            walk.Tables++;
        }
        else
        {
            walk.Missing++;
            if (!TryReadPart(table, copy))
            {
                return;
            }

            bytes = copy;
        }

        ReadOnlySpan<ulong> entries = MemoryMarshal.Cast<byte, ulong>(bytes);
        int shift = Shift(level);
        if (shift + TFormat.IndexBits > AddressBits)
        {
            // A sixth level would translate more bits than an address has.
            entries = entries[..(1 << (AddressBits - shift))];
        }

        ulong span = (1UL << shift) - 1;
        foreach (int index in new UsedEntries(entries))
        {
            ulong entry = entries[index] & entryMask;
            if (!TFormat.IsPresent(entry))
            {
                continue;
            }

            ulong address = baseAddress + ((ulong)index << shift);
            if (address > walk.Last || walk.Visits.IsExhausted)
            {
                return;
            }

            if ((address | span) < walk.First || TFormat.ReservedBits(entry, level) != 0)
            {
                continue;
            }

            if (TFormat.IsLeaf(entry, level))
            {
                visitor.Leaf(address, level, entry, grants & TFormat.Grants(entry, level));
            }
            else if (level > 1)
            {
                VisitTable(new(TFormat.Target(entry)), TFormat.NextLevel(entry, level), address, grants & TFormat.Grants(entry, level), ref walk, ref visitor);
            }
        }
    }

    /// <summary>
    /// Visits every table under <paramref name="root"/>, the root first, without reading the last level's: their leaves are for
    /// <see cref="Visit{TVisitor}(PhysicalAddress, int, ref TVisitor)"/>. A table that memory lacks is told of, as it is pointed at, and passed over.
    /// </summary>
    /// <param name="root">Physical address of the top table.</param>
    /// <param name="levels">Depth of the table.</param>
    /// <param name="first">First address; tables that translate any from here on count. Not sign-extended.</param>
    /// <param name="last">Last address, inclusive.</param>
    /// <param name="visitor">Told of each table.</param>
    /// <param name="start">The address that the table's first entry translates: 0 unless the table is one half's alone.</param>
    public WalkSummary VisitTables<TVisitor>(PhysicalAddress root, int levels, ulong first, ulong last, ref TVisitor visitor, ulong start = 0)
        where TVisitor : struct, ITableVisitor
    {
        ThrowIfNoDepth(levels);
        Walk walk = new(first, last, new(memory.Budget, TableLimit));
        if (first <= last)
        {
            TellTable(root, levels, start, ref walk, ref visitor);
        }

        walk.Visits.Finish();
        return new(walk.Tables, walk.Missing, walk.Visits.LimitReached);
    }

    [SkipLocalsInit]
    private void TellTable<TVisitor>(PhysicalAddress table, int level, ulong baseAddress, ref Walk walk, ref TVisitor visitor)
        where TVisitor : struct, ITableVisitor
    {
        if (!walk.Visits.TryEnter(table, level))
        {
            return;
        }

        visitor.Table(baseAddress, level, table);
        if (level == 1)
        {
            walk.Tables++;
            return;
        }

        Span<byte> copy = stackalloc byte[TableBytes];
        if (!memory.TryGet(table, copy, out ReadOnlySpan<byte> bytes))
        {
            walk.Missing++;
            return;
        }

        walk.Tables++;
        ReadOnlySpan<ulong> entries = MemoryMarshal.Cast<byte, ulong>(bytes);
        int shift = Shift(level);
        if (shift + TFormat.IndexBits > AddressBits)
        {
            // A sixth level would translate more bits than an address has.
            entries = entries[..(1 << (AddressBits - shift))];
        }

        ulong span = (1UL << shift) - 1;
        foreach (int index in new UsedEntries(entries))
        {
            ulong entry = entries[index] & entryMask;
            ulong address = baseAddress + ((ulong)index << shift);
            if (address > walk.Last || walk.Visits.IsExhausted)
            {
                return;
            }

            if ((address | span) >= walk.First && TFormat.IsPresent(entry) && TFormat.ReservedBits(entry, level) == 0 && !TFormat.IsLeaf(entry, level))
            {
                TellTable(new(TFormat.Target(entry)), TFormat.NextLevel(entry, level), address, ref walk, ref visitor);
            }
        }
    }

    /// <summary>
    /// Of a table that stands across the edge of a run of memory, the entries that are there; the others as zeros, which are present in no format.
    /// </summary>
    private bool TryReadPart(PhysicalAddress table, Span<byte> copy)
    {
        if (!memory.Contains(table) && !memory.Contains(new(table.Value + ((ulong)TableBytes - 1))))
        {
            return false;
        }

        Span<ulong> entries = MemoryMarshal.Cast<byte, ulong>(copy);
        for (int index = 0; index < entries.Length; index++)
        {
            memory.TryRead(new(table.Value + ((ulong)index * sizeof(ulong))), out entries[index]);
        }

        return true;
    }

    /// <summary>Translates one address, or says no. For showing each step, and why not, use <see cref="Translate"/>.</summary>
    /// <param name="root">Physical address of the top table.</param>
    /// <param name="levels">Depth of the table.</param>
    /// <param name="address">The address; bits above the top index are ignored, as the walk itself ignores them.</param>
    /// <param name="physical">What it translates to.</param>
    public bool TryTranslate(PhysicalAddress root, int levels, ulong address, out PhysicalAddress physical)
    {
        ulong table = root.Value;
        for (int level = levels; level > 0;)
        {
            int shift = Shift(level);
            if (!memory.TryRead(new(table + (Index(address, shift) * sizeof(ulong))), out ulong entry) || !TFormat.IsPresent(entry &= entryMask)
                || TFormat.ReservedBits(entry, level) != 0)
            {
                break;
            }

            if (TFormat.IsLeaf(entry, level))
            {
                ulong offsetMask = TFormat.OffsetMask(entry, level);
                physical = new((TFormat.Target(entry) & ~offsetMask) | (address & offsetMask));
                return true;
            }

            if (SkippedBits(entry, level, address) != 0)
            {
                break;
            }

            table = TFormat.Target(entry);
            level = TFormat.NextLevel(entry, level);
        }

        physical = default;
        return false;
    }

    /// <summary>
    /// Translates many addresses. An address in the reach of the same last table as the one before it is looked up there at once, so order pays:
    /// sorted addresses read one entry each, and in no order each is a whole walk.
    /// </summary>
    /// <param name="root">Physical address of the top table.</param>
    /// <param name="levels">Depth of the table.</param>
    /// <param name="addresses">The addresses.</param>
    /// <param name="physical">As long as <paramref name="addresses"/>: what each translates to, or <see cref="Unmapped"/>.</param>
    public void TranslateMany(PhysicalAddress root, int levels, ReadOnlySpan<ulong> addresses, Span<ulong> physical)
    {
        ThrowIfNoDepth(levels);
        physical = physical[..addresses.Length];

        // Where the walk before ended: at level 1, or above it at a large page or an entry that is not present.
        int level = levels;
        ulong table = root.Value;
        ulong before = addresses.IsEmpty ? 0 : ~addresses[0];
        for (int i = 0; i < addresses.Length; i++)
        {
            ulong address = addresses[i];

            // All or nothing: starting at whichever level two addresses share would save reads that hit the cache anyway, and cost a branch that
            // nothing predicts.
            if (((address ^ before) >> Shift(2)) != 0)
            {
                level = levels;
                table = root.Value;
            }

            before = address;
            ulong result = Unmapped;
            while (memory.TryRead(new(table + (Index(address, Shift(level)) * sizeof(ulong))), out ulong entry)
                && TFormat.IsPresent(entry &= entryMask) && TFormat.ReservedBits(entry, level) == 0)
            {
                if (TFormat.IsLeaf(entry, level))
                {
                    ulong offsetMask = TFormat.OffsetMask(entry, level);
                    result = (TFormat.Target(entry) & ~offsetMask) | (address & offsetMask);
                    break;
                }

                if (level == 1 || SkippedBits(entry, level, address) != 0)
                {
                    break;
                }

                table = TFormat.Target(entry);
                level = TFormat.NextLevel(entry, level);
            }

            physical[i] = result;
        }
    }

    /// <summary>Translates one address and keeps every step, for showing.</summary>
    /// <inheritdoc cref="TryTranslate"/>
    public AddressTranslation Translate(PhysicalAddress root, int levels, ulong address)
    {
        ThrowIfNoDepth(levels);
        List<TranslationStep> steps = new(levels);
        ulong table = root.Value;
        ulong grants = ulong.MaxValue;
        TranslationOutcome outcome = TranslationOutcome.NotPresent;
        PhysicalAddress? physical = null;
        ulong pageSize = 0;
        for (int level = levels; level > 0;)
        {
            int shift = Shift(level);
            ulong index = Index(address, shift);
            PhysicalAddress entryAddress = new(table + (index * sizeof(ulong)));
            if (!memory.TryRead(entryAddress, out ulong raw))
            {
                outcome = TranslationOutcome.TableOutsideImage;
                break;
            }

            ulong entry = raw & entryMask;
            bool present = TFormat.IsPresent(entry);
            bool leaf = present && TFormat.IsLeaf(entry, level);
            ulong reserved = present ? TFormat.ReservedBits(entry, level) : 0;
            AccessRights own = present ? TFormat.Rights(TFormat.Grants(entry, level)) : AccessRights.None;
            steps.Add(new(level, (int)index, entryAddress, raw, present, leaf, own, reserved));
            if (!present)
            {
                break;
            }

            if (reserved != 0)
            {
                outcome = TranslationOutcome.ReservedBits;
                break;
            }

            grants &= TFormat.Grants(entry, level);
            if (leaf)
            {
                ulong offsetMask = TFormat.OffsetMask(entry, level);
                physical = new((TFormat.Target(entry) & ~offsetMask) | (address & offsetMask));
                pageSize = offsetMask + 1;
                outcome = TranslationOutcome.Mapped;
                break;
            }

            if (SkippedBits(entry, level, address) != 0)
            {
                outcome = TranslationOutcome.LevelSkipped;
                break;
            }

            table = TFormat.Target(entry);
            level = TFormat.NextLevel(entry, level);
        }

        return new(address, root, levels, steps, outcome, physical, pageSize, physical is null ? AccessRights.None : TFormat.Rights(grants));
    }

    /// <summary>What <see cref="TranslateMany"/> writes for an address without a translation: no physical address has all bits set.</summary>
    public const ulong Unmapped = ulong.MaxValue;

    private const int MaxLevels = 6;

    private static void ThrowIfNoDepth(int levels)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(levels, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(levels, MaxLevels);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Shift(int level) => TFormat.PageShift + ((level - 1) * TFormat.IndexBits);

    /// <summary>Of an address, the bits of the levels that an entry skips: they must be 0. Formats that skip none cost nothing here.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong SkippedBits(ulong entry, int level, ulong address)
    {
        int next = TFormat.NextLevel(entry, level);
        return next == level - 1 ? 0 : address & ((1UL << Shift(level)) - (1UL << Shift(next + 1)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Index(ulong address, int shift) => (address >> shift) & ((1UL << TFormat.IndexBits) - 1);

    /// <summary>What one visit has still to know at every depth.</summary>
    private struct Walk(ulong first, ulong last, TableVisits visits)
    {
        public TableVisits Visits = visits;
        public readonly ulong First = first;
        public readonly ulong Last = last;
        public long Tables;
        public long Missing;
    }
}
