using IommuSpy.Memory;
using IommuSpy.Translation.X64;

namespace IommuSpy.Testing.X64;

/// <summary>Lays out x86-64 page tables in built memory, allocating them one page after the other.</summary>
public sealed class PageTableBuilder
{
    /// <summary>What <see cref="Map4K"/> and its like set in a leaf when not told otherwise.</summary>
    public const ulong Ordinary = X64Entry.Present | X64Entry.Writable;

    /// <summary>Flags of a page that a process may read.</summary>
    public const ulong UserReadable = X64Entry.Present | X64Entry.UserAccess;

    private const int IndexBits = 9;
    private const ulong AddressMask = 0x000f_ffff_ffff_f000;
    private readonly PhysicalMemoryBuilder _memory;
    private readonly Func<PhysicalAddress>? _allocate;
    private ulong _next;

    /// <summary>An empty root table and room for more.</summary>
    /// <param name="memory">Where the tables go.</param>
    /// <param name="levels">4 or 5.</param>
    /// <param name="tables">Physical address of the root; the tables below follow it as they are needed.</param>
    public PageTableBuilder(PhysicalMemoryBuilder memory, int levels, PhysicalAddress tables)
    {
        _memory = memory;
        _next = tables.Value;
        Levels = levels;
        Root = AllocateTable();
    }

    /// <summary>A root table that stands apart from the tables below it, as a kernel's own does, which is part of its image.</summary>
    /// <param name="memory">Where the tables go.</param>
    /// <param name="levels">4 or 5.</param>
    /// <param name="root">Physical address of the root.</param>
    /// <param name="allocate">Gives the page for each table below.</param>
    public PageTableBuilder(PhysicalMemoryBuilder memory, int levels, PhysicalAddress root, Func<PhysicalAddress> allocate)
    {
        _memory = memory;
        _allocate = allocate;
        Levels = levels;
        Root = root;
    }

    /// <summary>4 or 5.</summary>
    public int Levels { get; }

    /// <summary>The top table.</summary>
    public PhysicalAddress Root { get; }

    /// <summary>Flags of the entries that point at a table; the widest rights unless a test sets fewer before it maps.</summary>
    public ulong TableFlags { get; set; } = X64Entry.Present | X64Entry.Writable | X64Entry.UserAccess;

    /// <summary>The C-bit of SME and SEV, set in every entry that this makes; 0 for none.</summary>
    public ulong EncryptionBit { get; init; }

    /// <summary>Maps a 4 KiB page.</summary>
    public PageTableBuilder Map4K(VirtualAddress address, PhysicalAddress page, ulong flags = Ordinary) =>
        SetEntry(address, 1, page.Value | flags | EncryptionBit);

    /// <summary>Maps a 2 MiB page.</summary>
    public PageTableBuilder Map2M(VirtualAddress address, PhysicalAddress page, ulong flags = Ordinary) =>
        SetEntry(address, 2, page.Value | flags | X64Entry.PageSize | EncryptionBit);

    /// <summary>Maps a 1 GiB page.</summary>
    public PageTableBuilder Map1G(VirtualAddress address, PhysicalAddress page, ulong flags = Ordinary) =>
        SetEntry(address, 3, page.Value | flags | X64Entry.PageSize | EncryptionBit);

    /// <summary>Makes a top entry point at the top table itself, as recursive mappings do.</summary>
    public PageTableBuilder SelfMap(int index)
    {
        _memory.Write(Root + ((ulong)index * sizeof(ulong)), Root.Value | TableFlags | EncryptionBit);
        return this;
    }

    /// <summary>Writes any 8 bytes as the entry that translates <paramref name="address"/> at <paramref name="level"/>.</summary>
    public PageTableBuilder SetEntry(VirtualAddress address, int level, ulong entry)
    {
        _memory.Write(EntryAddress(address, level), entry);
        return this;
    }

    /// <summary>Sets and clears bits of an entry that is there: how a test spoils one level of a good path.</summary>
    public PageTableBuilder ChangeEntry(VirtualAddress address, int level, ulong set = 0, ulong clear = 0)
    {
        PhysicalAddress at = EntryAddress(address, level);
        _memory.Write(at, (_memory.ReadWord(at) | set) & ~clear);
        return this;
    }

    /// <summary>
    /// Where the entry that translates <paramref name="address"/> at <paramref name="level"/> stands. Tables above it are made where they are missing.
    /// </summary>
    public PhysicalAddress EntryAddress(VirtualAddress address, int level)
    {
        PhysicalAddress table = Root;
        for (int above = Levels; above > level; above--)
        {
            PhysicalAddress at = EntryIn(table, address, above);
            ulong entry = _memory.ReadWord(at);
            if (entry == 0)
            {
                entry = AllocateTable().Value | TableFlags | EncryptionBit;
                _memory.Write(at, entry);
            }

            table = new(entry & AddressMask & ~EncryptionBit);
        }

        return EntryIn(table, address, level);
    }

    /// <summary>The next free page, for a table that a test fills itself.</summary>
    public PhysicalAddress AllocateTable()
    {
        if (_allocate is not null)
        {
            return _allocate();
        }

        PhysicalAddress table = new(_next);
        _next += PageFrame.Size;
        return table;
    }

    private static PhysicalAddress EntryIn(PhysicalAddress table, VirtualAddress address, int level)
    {
        ulong index = (address.Value >> (PageFrame.Shift + ((level - 1) * IndexBits))) & ((1UL << IndexBits) - 1);
        return table + (index * sizeof(ulong));
    }
}
