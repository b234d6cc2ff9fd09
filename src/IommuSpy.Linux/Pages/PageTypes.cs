using System.Runtime.CompilerServices;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Tasks;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Linux.Pages;

/// <summary>
/// How this kernel writes a page's type over its map count (include/linux/page-flags.h). Since 6.12 the type is the word's highest byte; from 4.18 on each type
/// was a bit that is clear in a word of ones; before that a free block had the map count -128. The values are the kernel's own where enum pagetype tells them;
/// older kernels' are macros, and the one that moved (a page table's) is taken from page tables.
/// </summary>
internal sealed class PageTypes
{
    private const uint BitBase = 0xf000_0000;
    private const int OldBuddy = -128;
    private const int OldBalloon = -256;
    private const int TablesAsked = 64;
    private const int TypeShift = 24;

    private static readonly (string Name, PageType Type)[] Names =
    [
        ("buddy", PageType.Buddy), ("offline", PageType.Offline), ("table", PageType.Table), ("guard", PageType.Guard), ("hugetlb", PageType.Hugetlb),
        ("slab", PageType.Slab),
        ("zsmalloc", PageType.Zsmalloc), ("unaccepted", PageType.Unaccepted), ("large_kmalloc", PageType.LargeKmalloc),
    ];

    // By the highest byte; or by clear bits, most telling first. A word from -1 on is a map count in every kernel.
    private readonly PageType[]? _byByte;
    private readonly (uint Bit, PageType Type)[] _byBit;
    private readonly uint _base;
    private readonly int _typedBelow;

    private PageTypes(KernelObjects objects, PageFields fields, PageFlagNames flags, PageArray array)
    {
        (_byByte, _byBit, _base, _typedBelow) = Encoding(objects, fields, flags, array);
        NamesHugetlb = Has(PageType.Hugetlb);
        NamesSlabs = Has(PageType.Slab);
    }

    private static (PageType[]? ByByte, (uint Bit, PageType Type)[] ByBit, uint Base, int TypedBelow) Encoding(KernelObjects objects, PageFields fields,
        PageFlagNames flags, PageArray array)
    {
        EnumType? described = objects.Types.Find("pagetype")?.Resolved as EnumType;
        if (described is not null && described.Values.Any(value => value.Name == "PGTY_buddy"))
        {
            PageType[] byByte = new PageType[256];
            byByte.AsSpan(0x80).Fill(PageType.Other);
            foreach ((string name, PageType type) in Names)
            {
                if (described.Values.FirstOrDefault(value => value.Name == "PGTY_" + name) is { Name: not null, Value: > 0 and < 256 } value)
                {
                    byByte[value.Value] = type;
                }
            }

            // A map count that went below zero is no type (PGTY_mapcount_underflow).
            byByte[0xff] = PageType.None;
            return (byByte, [], BitBase, unchecked((int)0xff00_0000));
        }

        if (described is not null && described.Values.Any(value => value.Name == "PG_buddy"))
        {
            (uint, PageType)[] bits =
                [.. Names.Select(name => ((uint)(described.Values.FirstOrDefault(value => value.Name == "PG_" + name.Name).Value & uint.MaxValue), name.Type))
                    .Where(pair => pair.Item1 != 0)];
            uint typeBase = described.Values.FirstOrDefault(value => value.Name == "PAGE_TYPE_BASE") is { Name: not null } its ? (uint)its.Value : BitBase;
            int reserve = described.Values.FirstOrDefault(value => value.Name == "PAGE_MAPCOUNT_RESERVE") is { Name: not null } lowest ? (int)lowest.Value
                : OldBuddy;
            return (null, bits, typeBase, reserve);
        }

        if (fields.PageType is null)
        {
            return (null, [], BitBase, OldBuddy);
        }

        // PG_table moved when PG_kmemcg went (5.11); both are clear in a page table that is accounted.
        uint? table = TableBit(objects, fields, array);
        (uint Bit, PageType Type)[] byBit = table switch
        {
            0x400 => [(0x80, PageType.Buddy), (0x100, PageType.Offline), (0x400, PageType.Table), (0x800, PageType.Guard), (0x200, PageType.Accounted)],
            0x200 => [(0x80, PageType.Buddy), (0x100, PageType.Offline), (0x200, PageType.Table), (0x400, PageType.Guard)],
            _ => [(0x80, PageType.Buddy), (0x100, PageType.Offline)],
        };

        // Types took over from where they were told before: hugetlbfs's from a destructor or a flag (6.9), slabs' from a flag (6.10).
        if (fields.Destructor is null && flags.Bit("hugetlb") is null && fields.HasFolios)
        {
            byBit = [.. byBit, (0x800, PageType.Hugetlb)];
        }

        if (flags.Bit("slab") is null && flags.Mask != 0)
        {
            byBit = [.. byBit, (0x1000, PageType.Slab)];
        }

        return (null, byBit, BitBase, OldBuddy);
    }

    /// <summary>Whether a page table can be told by its type; since 4.18.</summary>
    public bool NamesTables => _byByte is not null || _byBit.Any(pair => pair.Type == PageType.Table);

    /// <summary>Whether hugetlbfs's pages have a type of their own.</summary>
    public bool NamesHugetlb { get; }

    /// <summary>Whether slabs have a type of their own.</summary>
    public bool NamesSlabs { get; }

    /// <summary>What is known of this kernel's types.</summary>
    public static PageTypes Of(KernelObjects objects, PageFields fields, PageFlagNames flags, PageArray array) => new(objects, fields, flags, array);

    /// <summary>Whether a word is a type rather than a map count.</summary>
    public bool IsType(uint word) => _byByte is null && _byBit.Length == 0 ? (int)word is OldBuddy or OldBalloon : (int)word < _typedBelow;

    /// <summary>The type that a word says.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public PageType Of(uint word) => (int)word >= -1 ? PageType.None : OfTyped(word);

    /// <summary>Whether a word has a type among others: an accounted page table has two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Is(uint word, PageType type) => (int)word < -1 && IsTyped(word, type);

    private PageType OfTyped(uint word)
    {
        if (_byByte is not null)
        {
            return _byByte[word >> TypeShift];
        }

        if (_byBit.Length == 0)
        {
            return (int)word switch
            {
                OldBuddy => PageType.Buddy,
                OldBalloon => PageType.Offline,
                _ => PageType.None,
            };
        }

        if (!IsType(word) || (word & _base) != _base)
        {
            return PageType.None;
        }

        foreach ((uint bit, PageType type) in _byBit)
        {
            if ((word & bit) == 0)
            {
                return type;
            }
        }

        return PageType.Other;
    }

    private bool IsTyped(uint word, PageType type)
    {
        if (_byByte is not null || _byBit.Length == 0)
        {
            return Of(word) == type;
        }

        foreach ((uint bit, PageType its) in _byBit)
        {
            if (its == type)
            {
                return (word & (_base | bit)) == _base;
            }
        }

        return false;
    }

    private bool Has(PageType type) => _byByte?.Contains(type) ?? _byBit.Any(pair => pair.Type == type);

    // Page tables of processes say what a page table's type is: the highest bit that is clear in most of their words.
    private static uint? TableBit(KernelObjects objects, PageFields fields, PageArray array)
    {
        LinuxKernel kernel = objects.Kernel;
        Dictionary<uint, int> votes = [];
        int asked = 0;
        foreach (PhysicalAddress root in kernel.ProcessTables ?? RootsOfTasks(objects))
        {
            if (asked >= TablesAsked)
            {
                break;
            }

            if (FirstTable(kernel, root) is PhysicalAddress table && array.TryReadWord(table.Frame, fields.PageType!.Value & ~7, out ulong pair))
            {
                asked++;
                uint clear = ~(uint)(pair >> (fields.PageType.Value % sizeof(ulong) * 8)) & 0x0fff_ffff;
                uint highest = clear == 0 ? 0 : 1U << (31 - System.Numerics.BitOperations.LeadingZeroCount(clear));
                votes[highest] = votes.GetValueOrDefault(highest) + 1;
            }
        }

        return votes.Count == 0 ? null : votes.MaxBy(vote => vote.Value).Key;
    }

    // Where the architecture keeps no list of tables, the processes lead to theirs.
    private static IEnumerable<PhysicalAddress> RootsOfTasks(KernelObjects objects) =>
        objects.Kernel.Architecture.RootList is null && Part.Read(() => TaskTable.Read(objects)).Value is { } tasks
            ? tasks.Processes.Select(process => process.Root).OfType<PhysicalAddress>() : [];

    // A last-level table of user space: those of the kernel's half may be older than struct pages.
    private static PhysicalAddress? FirstTable(LinuxKernel kernel, PhysicalAddress root)
    {
        TableFormat format = kernel.Mode.Format;
        PhysicalAddress table = root;
        for (int level = kernel.Mode.Levels; level > 1; level--)
        {
            PhysicalAddress? next = null;
            int entries = level == kernel.Mode.Levels ? kernel.Mode.UserEntries : format.Entries;
            for (int i = 0; i < entries && next is null; i++)
            {
                if (kernel.Memory.TryRead(table + ((ulong)i * sizeof(ulong)), out ulong raw) && (raw & kernel.Mode.EntryMask) is var entry
                    && format.IsPresent(entry) && !format.IsLeaf(entry, level))
                {
                    next = new(format.Target(entry));
                }
            }

            if (next is not PhysicalAddress found || !kernel.Memory.Contains(found))
            {
                return null;
            }

            table = found;
        }

        return table;
    }
}
