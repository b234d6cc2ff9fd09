using IommuSpy.Memory;

namespace IommuSpy.Translation.X64;

/// <summary>One x86-64 root table and what it translates. Safe to share between threads.</summary>
public sealed class X64AddressSpace
{
    private readonly TableWalker<X64Format> _walker;
    private readonly PhysicalMemory _memory;

    /// <summary>The space under a root table.</summary>
    /// <param name="memory">Where the tables are.</param>
    /// <param name="root">Physical address of the PML4 or PML5 (CR3 bits 12-51).</param>
    /// <param name="levels">4, or 5 with CR4.LA57.</param>
    /// <param name="entryMask">Clears the C-bit under SME and SEV; all ones elsewhere.</param>
    public X64AddressSpace(PhysicalMemory memory, PhysicalAddress root, int levels, ulong entryMask = ulong.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(levels, 4);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(levels, 5);
        _memory = memory;
        _walker = new(memory, entryMask);
        Root = root;
        Levels = levels;
        EntryMask = entryMask;
    }

    /// <summary>Physical address of the top table.</summary>
    public PhysicalAddress Root { get; }

    /// <summary>4 or 5.</summary>
    public int Levels { get; }

    /// <summary>ANDed with every entry before it is read.</summary>
    public ulong EntryMask { get; }

    /// <summary>Bits of a virtual address that the tables translate: 48 or 57.</summary>
    public int AddressBits => 12 + (9 * Levels);

    /// <summary>Whether the bits above the translated ones all repeat the highest of them (SDM 1, 3.3.7.1).</summary>
    public bool IsCanonical(VirtualAddress address) => SignExtend(address.Value) == address.Value;

    /// <summary>An address as the walk counts it, made canonical.</summary>
    public ulong SignExtend(ulong address) => (ulong)((long)(address << (64 - AddressBits)) >> (64 - AddressBits));

    /// <summary>Translates one address, or says no.</summary>
    public bool TryTranslate(VirtualAddress address, out PhysicalAddress physical)
    {
        physical = default;
        return IsCanonical(address) && _walker.TryTranslate(Root, Levels, address.Value, out physical);
    }

    /// <summary>Translates one address and keeps every step.</summary>
    public AddressTranslation Translate(VirtualAddress address) => IsCanonical(address)
        ? _walker.Translate(Root, Levels, address.Value)
        : new(address.Value, Root, Levels, [], TranslationOutcome.NonCanonical, null, 0, AccessRights.None);

    /// <summary>Translates many addresses; see <see cref="TableWalker{TFormat}.TranslateMany"/>. The caller leaves out addresses that are not canonical.</summary>
    public void TranslateMany(ReadOnlySpan<ulong> addresses, Span<ulong> physical) => _walker.TranslateMany(Root, Levels, addresses, physical);

    /// <summary>Visits every leaf, in order of the address as the walk counts it: not sign-extended.</summary>
    public WalkSummary Visit<TVisitor>(ref TVisitor visitor)
        where TVisitor : struct, ILeafVisitor => _walker.Visit(Root, Levels, ref visitor);

    /// <summary>Visits the leaves that translate any address of a range.</summary>
    /// <param name="first">The range's first address.</param>
    /// <param name="last">The range's last address; of the same half of the address space.</param>
    /// <param name="visitor">Told of each leaf.</param>
    public WalkSummary Visit<TVisitor>(VirtualAddress first, VirtualAddress last, ref TVisitor visitor)
        where TVisitor : struct, ILeafVisitor
    {
        ulong mask = (1UL << AddressBits) - 1;
        return _walker.Visit(Root, Levels, first.Value & mask, last.Value & mask, ref visitor);
    }

    /// <summary>Visits the tables that translate any address of a range; see <see cref="TableWalker{TFormat}.VisitTables"/>.</summary>
    /// <inheritdoc cref="Visit{TVisitor}(VirtualAddress, VirtualAddress, ref TVisitor)"/>
    public WalkSummary VisitTables<TVisitor>(VirtualAddress first, VirtualAddress last, ref TVisitor visitor)
        where TVisitor : struct, ITableVisitor
    {
        ulong mask = (1UL << AddressBits) - 1;
        return _walker.VisitTables(Root, Levels, first.Value & mask, last.Value & mask, ref visitor);
    }

    /// <summary>Last address of user space: the lower half of the canonical addresses.</summary>
    public VirtualAddress LastUserAddress => new((1UL << (AddressBits - 1)) - 1);

    /// <summary>First address of the kernel's half.</summary>
    public VirtualAddress FirstKernelAddress => new(~LastUserAddress.Value);

    /// <summary>Copies bytes from <paramref name="address"/> on, page by page.</summary>
    /// <returns>How many bytes there were before the first that is not mapped or that the image lacks, or before the end of the address space.</returns>
    public int Read(VirtualAddress address, Span<byte> destination)
    {
        int done = 0;
        while (done < destination.Length && TryTranslate(address + (ulong)done, out PhysicalAddress physical))
        {
            int inPage = PageFrame.Size - (int)(physical.Value % PageFrame.Size);
            int want = Math.Min(inPage, destination.Length - done);
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
}
