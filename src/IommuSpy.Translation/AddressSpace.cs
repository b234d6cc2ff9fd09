using IommuSpy.Memory;

namespace IommuSpy.Translation;

/// <summary>One root table of a CPU and what it translates. Safe to share between threads.</summary>
public abstract class AddressSpace
{
    private readonly PhysicalMemory _memory;

    private protected AddressSpace(PhysicalMemory memory, PhysicalAddress root, PagingMode mode)
    {
        _memory = memory;
        Root = root;
        Mode = mode;
    }

    /// <summary>Physical address of the top table.</summary>
    public PhysicalAddress Root { get; }

    /// <summary>How the CPU reads the tables.</summary>
    public PagingMode Mode { get; }

    /// <summary>Depth of the tables.</summary>
    public int Levels => Mode.Levels;

    /// <summary>Format of the tables.</summary>
    public TableFormat Format => Mode.Format;

    /// <summary>ANDed with every entry before it is read.</summary>
    public ulong EntryMask => Mode.EntryMask;

    /// <summary>Bits of a virtual address that the tables translate.</summary>
    public int AddressBits => Mode.AddressBits;

    /// <summary>Last address of user space: the lower half of the canonical addresses.</summary>
    public VirtualAddress LastUserAddress => new(Mode.LastUserAddress);

    /// <summary>First address of the kernel's half.</summary>
    public VirtualAddress FirstKernelAddress => new(Mode.FirstKernelAddress);

    /// <summary>The space under a root table.</summary>
    /// <param name="memory">Where the tables are.</param>
    /// <param name="root">Physical address of the top table.</param>
    /// <param name="mode">How the CPU reads them.</param>
    public static AddressSpace Of(PhysicalMemory memory, PhysicalAddress root, PagingMode mode) => mode.Format.Space(memory, root, mode);

    /// <summary>Whether the bits above the translated ones all repeat the highest of them (Intel SDM 1, 3.3.7.1).</summary>
    public bool IsCanonical(VirtualAddress address) => Mode.SignExtend(address.Value) == address.Value;

    /// <summary>Translates one address, or says no.</summary>
    public abstract bool TryTranslate(VirtualAddress address, out PhysicalAddress physical);

    /// <summary>Translates one address and keeps every step.</summary>
    public abstract AddressTranslation Translate(VirtualAddress address);

    /// <summary>
    /// Translates many addresses; see <see cref="TableWalker{TFormat}.TranslateMany"/>. The caller leaves out addresses that are not canonical.
    /// </summary>
    public abstract void TranslateMany(ReadOnlySpan<ulong> addresses, Span<ulong> physical);

    /// <summary>Visits every leaf: user space first, then the kernel's half, each in order of address.</summary>
    public WalkSummary Visit<TVisitor>(ref TVisitor visitor)
        where TVisitor : struct, ICpuLeafVisitor => Visit(0, ulong.MaxValue >> (64 - AddressBits), ref visitor, null);

    /// <summary>Visits the leaves that translate any address of a range.</summary>
    /// <param name="first">The range's first address.</param>
    /// <param name="last">The range's last address; of the same half of the address space.</param>
    /// <param name="visitor">Told of each leaf, whole even where the range cuts it.</param>
    /// <param name="budget">What the walk may use; null for the memory's own budget.</param>
    public WalkSummary Visit<TVisitor>(VirtualAddress first, VirtualAddress last, ref TVisitor visitor, WorkBudget? budget = null)
        where TVisitor : struct, ICpuLeafVisitor => Visit(AsWalked(first), AsWalked(last), ref visitor, budget);

    /// <summary>Visits the tables that translate any address of a range; see <see cref="TableWalker{TFormat}.VisitTables"/>.</summary>
    /// <param name="first">The range's first address.</param>
    /// <param name="last">The range's last address; of the same half of the address space.</param>
    /// <param name="visitor">Told of each table.</param>
    public abstract WalkSummary VisitTables<TVisitor>(VirtualAddress first, VirtualAddress last, ref TVisitor visitor)
        where TVisitor : struct, ITableVisitor;

    /// <summary>Copies bytes from <paramref name="address"/> on, page by page.</summary>
    /// <returns>How many bytes there were before the first that is not mapped or that the image lacks, or before the end of the address space.</returns>
    public int Read(VirtualAddress address, Span<byte> destination)
    {
        ulong page = Format.PageBytes;
        int done = 0;
        while (done < destination.Length && TryTranslate(address + (ulong)done, out PhysicalAddress physical))
        {
            ulong inPage = page - (physical.Value & (page - 1));
            int want = (int)Math.Min(inPage, (ulong)(destination.Length - done));
            int got = _memory.Read(physical, destination.Slice(done, want));
            done += got;
            if (got < want || address.Value + (ulong)done == 0)
            {
                break;
            }
        }

        return done;
    }

    /// <summary>Reads the 8 bytes at <paramref name="address"/>, little-endian.</summary>
    /// <returns>False where one of them is not mapped or the image lacks it.</returns>
    public bool TryRead(VirtualAddress address, out ulong value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        bool read = Read(address, bytes) == bytes.Length;
        value = read ? System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(bytes) : 0;
        return read;
    }

    private protected abstract WalkSummary Visit<TVisitor>(ulong first, ulong last, ref TVisitor visitor, WorkBudget? budget)
        where TVisitor : struct, ICpuLeafVisitor;

    // The walk counts addresses without their sign.
    private protected ulong AsWalked(VirtualAddress address) => address.Value & (ulong.MaxValue >> (64 - AddressBits));
}

/// <summary>A space whose format the compiler knows.</summary>
internal sealed class AddressSpace<TFormat>(PhysicalMemory memory, PhysicalAddress root, PagingMode mode) : AddressSpace(memory, root, mode)
    where TFormat : struct, ITableFormat
{
    private readonly TableWalker<TFormat> _walker = new(memory, mode.EntryMask);

    // Where each half has a table of its own: the bit of an address that tells the half, and whether there is a lower one. Else 0.
    private readonly ulong _half = mode.UpperRoot is null ? 0 : 1UL << (mode.AddressBits - 1);
    private readonly bool _hasLower = mode.UpperRoot != root;
    private readonly PhysicalAddress _upper = mode.UpperRoot ?? root;

    public override bool TryTranslate(VirtualAddress address, out PhysicalAddress physical)
    {
        physical = default;
        ulong walked = AsWalked(address);
        return IsCanonical(address) && HasTable(walked) && _walker.TryTranslate(TableOf(walked), Levels, walked & ~_half, out physical);
    }

    public override AddressTranslation Translate(VirtualAddress address)
    {
        ulong walked = AsWalked(address);
        return !IsCanonical(address) ? Refused(address, TranslationOutcome.NonCanonical)
            : !HasTable(walked) ? Refused(address, TranslationOutcome.NotPresent)
            : _walker.Translate(TableOf(walked), Levels, walked & ~_half) with { Address = address.Value };
    }

    public override void TranslateMany(ReadOnlySpan<ulong> addresses, Span<ulong> physical)
    {
        if (_half == 0)
        {
            _walker.TranslateMany(Root, Levels, addresses, physical);
            return;
        }

        // Runs of addresses of one half, in pieces.
        const int Piece = 256;
        Span<ulong> walked = stackalloc ulong[Piece];
        for (int from = 0, count; from < addresses.Length; from += count)
        {
            ulong half = addresses[from] & _half;
            for (count = 0; count < Piece && from + count < addresses.Length && (addresses[from + count] & _half) == half; count++)
            {
                walked[count] = addresses[from + count] & (_half - 1);
            }

            if (HasTable(half))
            {
                _walker.TranslateMany(TableOf(half), Levels, walked[..count], physical[from..]);
            }
            else
            {
                physical.Slice(from, count).Fill(TableWalker<TFormat>.Unmapped);
            }
        }
    }

    public override WalkSummary VisitTables<TVisitor>(VirtualAddress first, VirtualAddress last, ref TVisitor visitor)
    {
        ulong walked = AsWalked(first);
        return !HasTable(walked) ? default
            : _walker.VisitTables(TableOf(walked), Levels, walked, AsWalked(last), ref visitor, walked & _half);
    }

    private bool HasTable(ulong walked) => _hasLower || _half == 0 || (walked & _half) != 0;

    private PhysicalAddress TableOf(ulong walked) => (walked & _half) != 0 ? _upper : Root;

    private AddressTranslation Refused(VirtualAddress address, TranslationOutcome outcome) =>
        new(address.Value, Root, Levels, [], outcome, null, 0, AccessRights.None);

    private protected override WalkSummary Visit<TVisitor>(ulong first, ulong last, ref TVisitor visitor, WorkBudget? budget)
    {
        LeafReader<TVisitor> reader = new(visitor, AddressBits);
        WalkSummary summary = default;
        if (_half == 0)
        {
            summary = _walker.Visit(Root, Levels, first, last, ref reader, budget);
        }
        else
        {
            if (_hasLower && first < _half)
            {
                summary = _walker.Visit(Root, Levels, first, Math.Min(last, _half - 1), ref reader, budget);
            }

            if (last >= _half)
            {
                summary += _walker.Visit(_upper, Levels, Math.Max(first, _half), last, ref reader, budget, _half);
            }
        }

        visitor = reader.Visitor;
        return summary;
    }

    /// <summary>Makes leaves that need no knowledge of the format.</summary>
    private struct LeafReader<TVisitor>(TVisitor visitor, int addressBits) : ILeafVisitor
        where TVisitor : struct, ICpuLeafVisitor
    {
        public TVisitor Visitor = visitor;
        private readonly int _unused = 64 - addressBits;

        public void Leaf(ulong address, int level, ulong entry, ulong grants) => Visitor.Leaf(new CpuLeaf<TFormat>(address, _unused, level, entry, grants));
    }
}
