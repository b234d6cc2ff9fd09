using IommuSpy.Memory;
using IommuSpy.Translation.AmdVi;
using IommuSpy.Translation.VtD;
using IommuSpy.Translation.X64;

namespace IommuSpy.Translation.Devices;

/// <summary>The tables behind a device and what they translate. Safe to share between threads.</summary>
public sealed class IoAddressSpace
{
    // Of a nested walk each leaf costs a walk of its own.
    private const long NestedTableLimit = 100_000;

    // Of a first-stage leaf, how much the second stage translates at a time: 262,144 leaves of 4 KiB.
    private const ulong MostAtOnce = 1UL << 30;
    private const ulong InterruptFirst = 0xfee0_0000;
    private const ulong InterruptLast = 0xfeef_ffff;

    private readonly TableWalker<VtdSecondStageFormat>? _secondStage;
    private readonly TableWalker<X64Format>? _x64;
    private readonly TableWalker<AmdViFormat>? _host;
    private readonly ulong _beyond;

    // Tables of the CPU's format that translate addresses from 0 on: of stage 2 up to 16 that follow one another, each for its part of the addresses.
    private readonly AddressSpace[]? _parts;
    private readonly int _addressBits;
    private readonly int _partShift;

    /// <summary>The space under a root table.</summary>
    /// <param name="memory">Where the tables are.</param>
    /// <param name="format">Their format; for the nested ones use <see cref="Nested"/>.</param>
    /// <param name="root">Physical address of the top table.</param>
    /// <param name="levels">Depth: 3 to 5 for VT-d second-stage, 4 or 5 for x86-64 ones, 1 to 6 for AMD-Vi host tables.</param>
    /// <param name="granted">What the device's own entry lets through (AMD-Vi: IR and IW).</param>
    /// <param name="entryMask">Clears the C-bit under SME; all ones elsewhere.</param>
    public IoAddressSpace(
        PhysicalMemory memory, IoTableFormat format, PhysicalAddress root, int levels, AccessRights granted = AccessRights.Read | AccessRights.Write,
        ulong entryMask = ulong.MaxValue)
    {
        (int fewest, int most) = format switch
        {
            IoTableFormat.VtdSecondStage => (3, 5),
            IoTableFormat.AmdViHost => (1, 6),
            IoTableFormat.VtdFirstStage or IoTableFormat.AmdViGuest => (4, 5),
            _ => throw new ArgumentOutOfRangeException(nameof(format), format, "nested tables are made of two spaces"),
        };
        ArgumentOutOfRangeException.ThrowIfLessThan(levels, fewest);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(levels, most);
        Memory = memory;
        Format = format;
        Root = root;
        Levels = levels;
        Granted = granted;
        EntryMask = entryMask;
        switch (format)
        {
            case IoTableFormat.VtdSecondStage:
                _secondStage = new(memory, entryMask);
                break;
            case IoTableFormat.AmdViHost:
                _host = new(memory, entryMask);
                break;
            default:
                _x64 = new(memory, entryMask);
                break;
        }

        _beyond = Beyond();
    }

    private IoAddressSpace(IoAddressSpace second, PhysicalAddress root, int levels, AccessRights granted)
    {
        Memory = second.Memory;
        Format = second.Format == IoTableFormat.AmdViHost ? IoTableFormat.AmdViNested : IoTableFormat.VtdNested;
        Root = root;
        Levels = levels;
        Granted = granted;
        EntryMask = second.EntryMask;
        Second = second;
        _x64 = new(NestedTables.Of(second), second.EntryMask) { TableLimit = NestedTableLimit };
        _beyond = Beyond();
    }

    private IoAddressSpace(
        PhysicalMemory memory, IoTableFormat format, TableFormat tables, PhysicalAddress root, int levels, int addressBits, IoAddressSpace? second)
    {
        Memory = memory;
        Format = format;
        Root = root;
        Levels = levels;
        Granted = AccessRights.Read | AccessRights.Write;
        EntryMask = ulong.MaxValue;
        Second = second;
        _addressBits = addressBits;
        _partShift = tables.SlotShift(levels + 1);
        PagingMode mode = new(tables, levels, Math.Min(addressBits, _partShift) + 1);
        PhysicalMemory seen = second is null ? memory : NestedTables.Of(second);
        _parts = [.. Enumerable.Range(0, 1 << Math.Max(0, addressBits - _partShift))
            .Select(part => AddressSpace.Of(seen, root + ((ulong)part * (ulong)tables.TableBytes), mode))];
        _beyond = Beyond();
    }

    /// <summary>Format of the tables.</summary>
    public IoTableFormat Format { get; }

    /// <summary>Address of the top table: a physical one, but of nested tables one that <see cref="Second"/> translates.</summary>
    public PhysicalAddress Root { get; }

    /// <summary>Depth of the tables.</summary>
    public int Levels { get; }

    /// <summary>What the device's own entry lets through, whatever the tables say.</summary>
    public AccessRights Granted { get; }

    /// <summary>ANDed with every entry before it is read.</summary>
    public ulong EntryMask { get; }

    /// <summary>Of nested tables, what translates their addresses again; else null.</summary>
    public IoAddressSpace? Second { get; }

    /// <summary>Bits of an address that the tables translate: 39, 48 or 57; of AMD-Vi host tables 21 to 64.</summary>
    public int AddressBits => _parts is not null ? _addressBits : Math.Min(64, Tables.SlotShift(Levels + 1));

    /// <summary>Format of the tables that <see cref="Root"/> leads to; of nested ones the first stage's.</summary>
    public TableFormat Tables =>
        _parts is not null ? _parts[0].Format
        : _secondStage is not null ? TableFormat.Of<VtdSecondStageFormat>()
        : _host is not null ? TableFormat.Of<AmdViFormat>() : TableFormat.Of<X64Format>();

    internal PhysicalMemory Memory { get; }

    private bool IsSigned => _x64 is not null;

    private bool HasUserEntries => IsSigned || _parts is not null;

    /// <summary>SMMUv3 stage 1 tables, of arm64's format.</summary>
    /// <param name="memory">Where the tables are.</param>
    /// <param name="tables">Their format.</param>
    /// <param name="root">Address of the top table, in <paramref name="second"/> where there is one.</param>
    /// <param name="levels">Their depth.</param>
    /// <param name="addressBits">Bits of an address.</param>
    /// <param name="second">Stage 2 tables that translate the addresses in them, and what they give; null for none.</param>
    public static IoAddressSpace Arm64Stage1(
        PhysicalMemory memory, TableFormat tables, PhysicalAddress root, int levels, int addressBits, IoAddressSpace? second = null) =>
        new(memory, second is null ? IoTableFormat.SmmuStage1 : IoTableFormat.SmmuNested, tables, root, levels, addressBits, second);

    /// <summary>SMMUv3 stage 2 tables.</summary>
    /// <param name="memory">Where the tables are.</param>
    /// <param name="tables">Their format.</param>
    /// <param name="root">Physical address of the top table, or of the first of up to 16.</param>
    /// <param name="levels">Their depth.</param>
    /// <param name="addressBits">Bits of an address: up to 4 more than one top table translates.</param>
    public static IoAddressSpace Arm64Stage2(PhysicalMemory memory, TableFormat tables, PhysicalAddress root, int levels, int addressBits)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(addressBits, tables.SlotShift(levels + 1) + 4);
        return new(memory, IoTableFormat.SmmuStage2, tables, root, levels, addressBits, null);
    }

    /// <summary>First-stage tables at addresses that another space translates.</summary>
    /// <param name="second">VT-d second-stage or AMD-Vi host tables.</param>
    /// <param name="root">Address of the top table, in <paramref name="second"/>.</param>
    /// <param name="levels">4 or 5.</param>
    /// <param name="granted">What the device's own entry lets through.</param>
    public static IoAddressSpace Nested(IoAddressSpace second, PhysicalAddress root, int levels, AccessRights granted = AccessRights.Read | AccessRights.Write)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(levels, 4);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(levels, 5);
        if (second.Format is not (IoTableFormat.VtdSecondStage or IoTableFormat.AmdViHost))
        {
            throw new ArgumentException("only second-stage and host tables can translate others' addresses", nameof(second));
        }

        return new(second, root, levels, granted);
    }

    /// <summary>Whether a write to the address is an interrupt and no access to memory (VT-d 3.14; AMD 48882, 2.1.4.1).</summary>
    public static bool IsInterruptAddress(IoVirtualAddress address) => address.Value is >= InterruptFirst and <= InterruptLast;

    /// <summary>Translates one address, or says no. A translation that lets nothing through is one all the same.</summary>
    public bool TryTranslate(IoVirtualAddress address, out PhysicalAddress physical)
    {
        physical = default;
        if (!IsInside(address))
        {
            return false;
        }

        if (_parts is not null)
        {
            return PartOf(address, out VirtualAddress inPart).TryTranslate(inPart, out physical)
                && (Second is null || Second.TryTranslate(new(physical.Value), out physical));
        }

        if (_secondStage is not null)
        {
            return _secondStage.TryTranslate(Root, Levels, address.Value, out physical);
        }

        return _host is not null
            ? _host.TryTranslate(Root, Levels, address.Value, out physical)
            : _x64!.TryTranslate(Root, Levels, address.Value, out physical) && (Second is null || Second.TryTranslate(new(physical.Value), out physical));
    }

    /// <summary>Translates many addresses; see <see cref="TableWalker{TFormat}.TranslateMany"/>. The order pays.</summary>
    /// <param name="addresses">The addresses.</param>
    /// <param name="physical">As long: what each translates to, or <see cref="TableWalker{TFormat}.Unmapped"/>.</param>
    public void TranslateMany(ReadOnlySpan<ulong> addresses, Span<ulong> physical)
    {
        if (_parts is not null)
        {
            for (int i = 0; i < addresses.Length; i++)
            {
                physical[i] = TryTranslate(new(addresses[i]), out PhysicalAddress found) ? found.Value : TableWalker<X64Format>.Unmapped;
            }

            return;
        }

        if (_secondStage is not null)
        {
            _secondStage.TranslateMany(Root, Levels, addresses, physical);
        }
        else if (_host is not null)
        {
            _host.TranslateMany(Root, Levels, addresses, physical);
        }
        else
        {
            _x64!.TranslateMany(Root, Levels, addresses, physical);
        }

        for (int i = 0; i < addresses.Length; i++)
        {
            if (!IsInside(new(addresses[i])))
            {
                physical[i] = TableWalker<X64Format>.Unmapped;
            }
            else if (Second is not null && physical[i] != TableWalker<X64Format>.Unmapped)
            {
                physical[i] = Second.TryTranslate(new(physical[i]), out PhysicalAddress translated) ? translated.Value : TableWalker<X64Format>.Unmapped;
            }
        }
    }

    /// <summary>
    /// Translates one address and keeps every step. Of nested tables the steps are the first stage's, and then those of the second stage for the address that
    /// they gave.
    /// </summary>
    public AddressTranslation Translate(IoVirtualAddress address)
    {
        if (!IsInside(address))
        {
            return new(address.Value, Root, Levels, [], IsSigned ? TranslationOutcome.NonCanonical : TranslationOutcome.BeyondWidth, null, 0,
                AccessRights.None);
        }

        AddressTranslation walk =
            _parts is not null ? PartOf(address, out VirtualAddress inPart).Translate(inPart) with { Address = address.Value } :
            _secondStage is not null ? _secondStage.Translate(Root, Levels, address.Value)
            : _host is not null ? _host.Translate(Root, Levels, address.Value)
            : _x64!.Translate(Root, Levels, address.Value);
        if (Second is not null && walk.Physical is PhysicalAddress between)
        {
            AddressTranslation second = Second.Translate(new(between.Value));
            return walk with
            {
                Steps = [.. walk.Steps, .. second.Steps],
                Outcome = second.Outcome,
                Physical = second.Physical,
                PageSize = second.Physical is null ? 0 : Math.Min(walk.PageSize, second.PageSize),
                Rights = ForDevice(walk.Rights) & second.Rights & Granted,
            };
        }

        return walk with { Rights = ForDevice(walk.Rights) & Granted };
    }

    /// <summary>Which table a walk could not go on with, and why, in a sentence.</summary>
    /// <param name="walk">A walk through this space that ended at <see cref="TranslationOutcome.TableOutsideImage"/>.</param>
    public string MissingTable(AddressTranslation walk)
    {
        string table = walk.Last is { } last ? $"the table that the level {last.Level} entry at {last.EntryAddress} points at" : $"the top table {Root}";

        // Of nested tables an entry's address is one that the second stage translates.
        PhysicalAddress at = walk.Last is { } leading ? new(Tables.Target(leading.Entry)) : Root;
        return $"{table} {(Second is null ? $"is {Memory.WhyUnread(at)}" : "cannot be read")}";
    }

    /// <summary>Visits everything that is mapped, in address order.</summary>
    public WalkSummary Visit<TVisitor>(ref TVisitor visitor)
        where TVisitor : struct, IIoLeafVisitor => Visit(new(0), new(ulong.MaxValue), ref visitor);

    /// <summary>Visits what translates any address of a range.</summary>
    /// <param name="first">The range's first address.</param>
    /// <param name="last">The range's last address, inclusive.</param>
    /// <param name="visitor">Told of each leaf, whole even where the range cuts it.</param>
    public WalkSummary Visit<TVisitor>(IoVirtualAddress first, IoVirtualAddress last, ref TVisitor visitor)
        where TVisitor : struct, IIoLeafVisitor
    {
        if (_parts is not null)
        {
            return VisitParts(first, last, ref visitor);
        }

        if (Second is not null)
        {
            return Second._secondStage is not null
                ? VisitNested(Second._secondStage, first, last, ref visitor)
                : VisitNested(Second._host!, first, last, ref visitor);
        }

        return _secondStage is not null ? Visit(_secondStage, first, last, ref visitor)
            : _host is not null ? Visit(_host, first, last, ref visitor)
            : Visit(_x64!, first, last, ref visitor);
    }

    /// <summary>Visits every table, the top one first; of nested ones the second stage's: the first stage is in memory that the second translates.</summary>
    public WalkSummary VisitTables<TVisitor>(ref TVisitor visitor)
        where TVisitor : struct, ITableVisitor =>
        Second is not null ? Second.VisitTables(ref visitor)
        : _parts is not null ? VisitTablesOfParts(ref visitor)
        : _secondStage is not null ? _secondStage.VisitTables(Root, Levels, 0, ulong.MaxValue, ref visitor)
        : _host is not null ? _host.VisitTables(Root, Levels, 0, ulong.MaxValue, ref visitor)
        : _x64!.VisitTables(Root, Levels, 0, ulong.MaxValue, ref visitor);

    private AddressSpace PartOf(IoVirtualAddress address, out VirtualAddress inPart)
    {
        int part = _parts!.Length == 1 ? 0 : (int)(address.Value >> _partShift);
        inPart = new(_parts.Length == 1 ? address.Value : address.Value & ((1UL << _partShift) - 1));
        return _parts[part];
    }

    private WalkSummary VisitParts<TVisitor>(IoVirtualAddress first, IoVirtualAddress last, ref TVisitor visitor)
        where TVisitor : struct, IIoLeafVisitor
    {
        WalkSummary summary = default;
        ulong end = Math.Min(last.Value, ulong.MaxValue >> (64 - _addressBits));
        ulong span = ulong.MaxValue >> (64 - Math.Min(_addressBits, _partShift));
        for (int i = 0; i < _parts!.Length; i++)
        {
            ulong start = _parts.Length == 1 ? 0 : (ulong)i << _partShift;
            if (start > end || first.Value > start + span)
            {
                continue;
            }

            PartReader<TVisitor> reader = new(visitor, this, start);
            WalkSummary part = _parts[i].Visit(
                new VirtualAddress(Math.Max(first.Value, start) - start), new VirtualAddress(Math.Min(end, start + span) - start), ref reader);
            visitor = reader.Visitor;
            summary += part with { LimitReached = part.LimitReached || reader.LimitReached };
        }

        return summary;
    }

    private WalkSummary VisitTablesOfParts<TVisitor>(ref TVisitor visitor)
        where TVisitor : struct, ITableVisitor
    {
        WalkSummary summary = default;
        foreach (AddressSpace part in _parts!)
        {
            summary += part.VisitTables(new VirtualAddress(0), part.LastUserAddress, ref visitor);
        }

        return summary;
    }

    private WalkSummary Visit<TFormat, TVisitor>(TableWalker<TFormat> walker, IoVirtualAddress first, IoVirtualAddress last, ref TVisitor visitor)
        where TFormat : struct, ITableFormat
        where TVisitor : struct, IIoLeafVisitor
    {
        LeafReader<TFormat, TVisitor> reader = new(visitor, this);
        (ulong from, ulong to) = AsWalked(first, last);
        WalkSummary summary = walker.Visit(Root, Levels, from, to, ref reader);
        visitor = reader.Visitor;
        return summary;
    }

    private WalkSummary VisitNested<TFormat, TVisitor>(TableWalker<TFormat> walker, IoVirtualAddress first, IoVirtualAddress last, ref TVisitor visitor)
        where TFormat : struct, ITableFormat
        where TVisitor : struct, IIoLeafVisitor
    {
        NestedLeafReader<TFormat, TVisitor> reader = new(visitor, this, walker);
        (ulong from, ulong to) = AsWalked(first, last);
        WalkSummary summary = _x64!.Visit(Root, Levels, from, to, ref reader);
        visitor = reader.Visitor;
        return summary with { LimitReached = summary.LimitReached || reader.LimitReached };
    }

    // Signed addresses lie in two halves, and a range that spans both is all of them.
    private (ulong First, ulong Last) AsWalked(IoVirtualAddress first, IoVirtualAddress last)
    {
        if (!IsSigned || AddressBits == 64)
        {
            return (first.Value, last.Value);
        }

        ulong mask = (1UL << AddressBits) - 1;
        return (first.Value >> 63) == (last.Value >> 63) ? (first.Value & mask, last.Value & mask) : (0, mask);
    }

    // The bits beyond the tables' reach are zeros; of x86-64 tables they repeat the one below, as in canonical addresses.
    private bool IsInside(IoVirtualAddress address) => (address.Value & _beyond) == 0 || (IsSigned && (address.Value & _beyond) == _beyond);

    private ulong Beyond() => IsSigned ? ulong.MaxValue << (AddressBits - 1) : AddressBits == 64 ? 0 : ulong.MaxValue << AddressBits;

    private ulong Extend(ulong address) => IsSigned ? (ulong)((long)(address << (64 - AddressBits)) >> (64 - AddressBits)) : address;

    /// <summary>
    /// A device's requests are a user's: x86-64 and arm64 entries that are the kernel's alone let it do nothing (VT-d 3.6.1; IHI 0070, 3.3.2).
    /// </summary>
    private AccessRights ForDevice(AccessRights rights) =>
        HasUserEntries && !rights.HasFlag(AccessRights.User) ? AccessRights.None : rights & (AccessRights.Read | AccessRights.Write);

    private static ulong SlotBytes<TFormat>(int level)
        where TFormat : struct, ITableFormat => 1UL << (TFormat.PageShift + ((level - 1) * TFormat.IndexBits));

    /// <summary>Makes runs of the leaves of tables of the CPU's format; of nested ones it translates each again, piece by piece.</summary>
    private struct PartReader<TVisitor>(TVisitor visitor, IoAddressSpace space, ulong start) : ICpuLeafVisitor
        where TVisitor : struct, IIoLeafVisitor
    {
        public TVisitor Visitor = visitor;
        public bool LimitReached;
        private readonly IoAddressSpace _space = space;

        public void Leaf<TFormat>(in CpuLeaf<TFormat> leaf)
            where TFormat : struct, ITableFormat
        {
            ulong address = start + leaf.Address.Value;
            AccessRights rights = _space.ForDevice(leaf.Rights) & _space.Granted;
            if (_space.Second is not IoAddressSpace second)
            {
                Visitor.Leaf(new(new(address), leaf.Physical, leaf.Bytes, rights));
                return;
            }

            // A list between the two stages: a visitor in a visitor would be a type for each depth, of which compiled ahead there is no end.
            List<IoLeaf> again = [];
            for (ulong done = 0; done < leaf.Bytes && !LimitReached; done += MostAtOnce)
            {
                again.Clear();
                ulong between = leaf.Physical.Value + done;
                ulong length = Math.Min(leaf.Bytes - done, MostAtOnce);
                LeafList pieces = new(again);
                LimitReached |= second.Visit(new(between), new(between + (length - 1)), ref pieces).LimitReached;
                foreach (IoLeaf piece in again)
                {
                    ulong first = Math.Max(piece.Address.Value, between);
                    Visitor.Leaf(new(
                        new(address + done + (first - between)), piece.Physical + (first - piece.Address.Value), Math.Min(piece.Length, length),
                        rights & piece.Rights));
                }
            }
        }
    }

    /// <summary>Keeps leaves.</summary>
    private readonly struct LeafList(List<IoLeaf> leaves) : IIoLeafVisitor
    {
        public void Leaf(in IoLeaf leaf) => leaves.Add(leaf);
    }

    /// <summary>Makes runs of one format's entries.</summary>
    private struct LeafReader<TFormat, TVisitor>(TVisitor visitor, IoAddressSpace space) : ILeafVisitor
        where TFormat : struct, ITableFormat
        where TVisitor : struct, IIoLeafVisitor
    {
        public TVisitor Visitor = visitor;
        private readonly IoAddressSpace _space = space;

        public void Leaf(ulong address, int level, ulong entry, ulong grants)
        {
            ulong mask = TFormat.OffsetMask(entry, level);
            PhysicalAddress physical = new((TFormat.Target(entry) & ~mask) | (address & mask));
            Visitor.Leaf(new(new(_space.Extend(address)), physical, SlotBytes<TFormat>(level), _space.ForDevice(TFormat.Rights(grants)) & _space.Granted));
        }
    }

    /// <summary>Translates each first-stage leaf again, piece by piece.</summary>
    private struct NestedLeafReader<TFormat, TVisitor>(TVisitor visitor, IoAddressSpace space, TableWalker<TFormat> second) : ILeafVisitor
        where TFormat : struct, ITableFormat
        where TVisitor : struct, IIoLeafVisitor
    {
        public TVisitor Visitor = visitor;
        public bool LimitReached;
        private readonly IoAddressSpace _space = space;

        public void Leaf(ulong address, int level, ulong entry, ulong grants)
        {
            ulong length = X64Format.OffsetMask(entry, level) + 1;
            ulong between = X64Format.Target(entry) & ~(length - 1);
            Piece<TFormat, TVisitor> piece = new(Visitor, _space.Extend(address), between, length, _space.ForDevice(X64Format.Rights(grants)) & _space.Granted);
            WalkSummary summary = second.Visit(_space.Second!.Root, _space.Second.Levels, between, between + (length - 1), ref piece);
            LimitReached |= summary.LimitReached;
            Visitor = piece.Visitor;
        }
    }

    /// <summary>Cuts second-stage leaves to the first-stage leaf that they translate.</summary>
    private struct Piece<TFormat, TVisitor>(TVisitor visitor, ulong address, ulong between, ulong length, AccessRights rights) : ILeafVisitor
        where TFormat : struct, ITableFormat
        where TVisitor : struct, IIoLeafVisitor
    {
        public TVisitor Visitor = visitor;

        public void Leaf(ulong slot, int level, ulong entry, ulong grants)
        {
            ulong slotLength = SlotBytes<TFormat>(level);
            ulong first = Math.Max(slot, between);
            ulong mask = TFormat.OffsetMask(entry, level);
            PhysicalAddress physical = new((TFormat.Target(entry) & ~mask) | (first & mask));
            Visitor.Leaf(new(new(address + (first - between)), physical, Math.Min(slotLength, length), rights & TFormat.Rights(grants)));
        }
    }
}
