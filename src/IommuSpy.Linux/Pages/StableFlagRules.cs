using System.Numerics;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Pages;

/// <summary>
/// How this kernel computes /proc/kpageflags and /proc/kpagecount from struct pages (fs/proc/page.c, stable_page_flags). There are four ways: before 4.5 a page
/// of a compound page counts as if it were alone; until 6.9 each page's own flags count; from 6.10 on those of the folio that it belongs to; since 6.17 that of
/// a snapshot, types of a folio included. Which it is shows in what the kernel's types have, the first in its release alone.
/// </summary>
internal sealed class StableFlagRules
{
    private const ulong MappingAnonymous = 1;
    private const ulong MappingMovable = 2;
    private const ulong HugePages = 1 << 9;

    private readonly PageTypes _types;
    private readonly PageFrame? _zero;
    private readonly PageFrame? _hugeZero;
    private readonly bool _hasHuge;
    private readonly bool _idleOfHead;
    private readonly bool _perFolio;
    private readonly bool _snapshots;
    private readonly bool _alone;
    private readonly (ulong Mask, int Left)[] _copied;
    private readonly ulong _swapcache;
    private readonly bool _swapcacheOfHead;
    private readonly ulong _slab;
    private readonly ulong _lru;
    private readonly ulong _hwpoison;
    private readonly ulong _idle;
    private readonly ulong _largeRmappable;
    private readonly ulong _doubleMap;
    private readonly bool _compoundCounts;

    public StableFlagRules(MemoryPages pages)
    {
        _types = pages.Types;
        _zero = pages.ZeroPage;
        _hugeZero = pages.HugeZeroPage;
        _hasHuge = pages.HasTransparentHugePages;
        _idleOfHead = pages.Fields.HasFolios;
        PageFlagNames names = pages.Flags;
        _perFolio = names.Mask != 0 && names.Bit("slab") is null;
        _snapshots = pages.Fields.HasSnapshots;
        _alone = pages.Objects.Kernel.IsSince(4, 5) == false;
        _copied =
        [
            .. new (string? Name, StablePageFlags Flag)[]
            {
                ("locked", StablePageFlags.Locked), ("error", StablePageFlags.Error), ("dirty", StablePageFlags.Dirty), ("uptodate", StablePageFlags.Uptodate),
                ("writeback", StablePageFlags.Writeback), ("lru", StablePageFlags.Lru), ("referenced", StablePageFlags.Referenced),
                ("active", StablePageFlags.Active),
                ("reclaim", StablePageFlags.Reclaim), ("swapbacked", StablePageFlags.Swapbacked), ("unevictable", StablePageFlags.Unevictable),
                ("mlocked", StablePageFlags.Mlocked),
                ("uncached", StablePageFlags.Uncached), ("reserved", StablePageFlags.Reserved),
                (names.Bit("owner_2") is null ? "mappedtodisk" : "owner_2", StablePageFlags.MappedToDisk),
                ("private", StablePageFlags.Private), ("private_2", StablePageFlags.Private2), ("owner_priv_1", StablePageFlags.OwnerPrivate),
                ("arch_1", StablePageFlags.Arch),
                ("arch_2", StablePageFlags.Arch2), ("arch_3", StablePageFlags.Arch3),
            }
            .Where(pair => names.Bit(pair.Name!) is not null)
            .Select(pair => (From: names.Bit(pair.Name!)!.Value, To: BitOperations.TrailingZeroCount((ulong)pair.Flag)))
            .GroupBy(pair => pair.To - pair.From, pair => 1UL << pair.From)
            .Select(group => (group.Aggregate((mask, bit) => mask | bit), group.Key)),
        ];

        // The swap cache's bit was its own until 4.10; since then it shares one, which means it only in pages that swap backs.
        ulong own = Mask("swapcache");
        bool shared = own != 0 && own == Mask("owner_priv_1");
        _swapcache = own | (shared ? Mask("swapbacked") : 0);
        _swapcacheOfHead = shared;
        _slab = Mask("slab");
        _lru = Mask("lru");
        _hwpoison = Mask("hwpoison");
        _idle = Mask("idle");
        _largeRmappable = pages.HasTransparentHugePages ? Mask("large_rmappable") : 0;
        _doubleMap = Mask("double_map");

        // Until 6.1 a file's huge page counted its mappings in each of its pages (mm/util.c, __page_mapcount).
        _compoundCounts = pages.Fields.PagesMapped is not null || pages.Fields.LargeMapCount is not null;

        ulong Mask(string name) => names.Bit(name) is int bit ? 1UL << bit : 0;
    }

    /// <summary>Whether a word is a map count, and not of 0.</summary>
    public static bool IsMapped(uint mapWord) => (int)mapWord >= 0;

    /// <summary>/proc/kpageflags's entry.</summary>
    public StablePageFlags Flags(in PageRecord page, in FolioRecord folio, bool free)
    {
        ulong result = 0;
        ulong k = _perFolio ? folio.Head.Flags : page.Flags;
        bool tail = folio.Head.Frame != page.Frame;
        bool slab = !_alone && IsSlab(folio);
        bool anonymous = ((_alone ? page.Mapping : folio.Head.Mapping) & MappingAnonymous) != 0;
        if (_alone ? IsMapped(page.MapWord) && (page.Flags & _slab) == 0 : folio.IsMapped && !(slab && !_perFolio))
        {
            result |= (ulong)StablePageFlags.Mmap;
        }

        if (anonymous)
        {
            result |= (ulong)StablePageFlags.Anonymous;

            // From 6.10 until snapshots the kernel asks for either of KSM's two bits, and so calls all anonymous memory merged. What it says is what it says.
            result |= ((_alone ? page.Mapping : folio.Head.Mapping) & MappingMovable) != 0 || (_perFolio && !_snapshots) ? (ulong)StablePageFlags.Ksm : 0;
        }

        result |= tail ? (ulong)StablePageFlags.CompoundTail : folio.IsCompound ? (ulong)StablePageFlags.CompoundHead : 0;
        result |= (ulong)Size(page, folio);
        result |= free && (!_alone || _types.Is(page.MapWord, PageType.Buddy)) ? (ulong)StablePageFlags.Buddy : 0;

        // A snapshot's folio tells the type of all of its pages.
        uint typed = _snapshots ? folio.Head.MapWord : page.MapWord;
        result |= _types.Is(typed, PageType.Offline) ? (ulong)StablePageFlags.Offline : 0;
        result |= _types.Is(typed, PageType.Table) ? (ulong)StablePageFlags.Pgtable : 0;
        result |= slab || (!_perFolio && (page.Flags & _slab) != 0) ? (ulong)StablePageFlags.Slab : 0;
        result |= ((_idleOfHead ? folio.Head.Flags : page.Flags) & _idle) != 0 ? (ulong)StablePageFlags.Idle : 0;
        foreach ((ulong mask, int left) in _copied)
        {
            // Flags that move by the same distance move together; a rotation is a shift either way, since no flag wraps.
            result |= BitOperations.RotateLeft(k & mask, left);
        }

        ulong swap = _swapcacheOfHead ? folio.Head.Flags : page.Flags;
        result |= _swapcache != 0 && (swap & _swapcache) == _swapcache ? (ulong)StablePageFlags.Swapcache : 0;
        ulong poison = _perFolio && folio.IsHugetlb ? folio.Head.Flags : page.Flags;
        result |= (poison & _hwpoison) != 0 ? (ulong)StablePageFlags.Hwpoison : 0;
        return (StablePageFlags)result;
    }

    /// <summary>/proc/kpagecount's entry.</summary>
    public ulong Count(in PageRecord page, in FolioRecord folio)
    {
        int own = (int)page.MapWord + 1;
        if (_perFolio)
        {
            own = _types.IsType(page.MapWord) ? 0 : own;
            return (ulong)(own + (folio.IsCompound ? folio.EntireMapCount : 0));
        }

        if ((_alone ? (page.Flags & _slab) != 0 : IsSlab(folio)) || _types.IsType(page.MapWord))
        {
            return 0;
        }

        if (_alone || !folio.IsCompound)
        {
            return (ulong)own;
        }

        if (!_compoundCounts && (folio.Head.Mapping & MappingAnonymous) == 0 && !folio.IsHugetlb)
        {
            return (ulong)own;
        }

        bool doubleMapped = _doubleMap != 0 && (folio.LargeFlags & _doubleMap) != 0;
        return (ulong)(own + folio.EntireMapCount - (doubleMapped ? 1 : 0));
    }

    /// <summary>Whether a folio is a slab.</summary>
    public bool IsSlab(in FolioRecord folio) => _types.NamesSlabs ? _types.Is(folio.Head.MapWord, PageType.Slab) : (folio.Head.Flags & _slab) != 0;

    private StablePageFlags Size(in PageRecord page, in FolioRecord folio)
    {
        if (folio.IsHugetlb)
        {
            return StablePageFlags.Huge;
        }

        bool hugeZero = _snapshots ? _hugeZero is { } first && page.Frame.Number - first.Number < HugePages : _hugeZero == folio.Head.Frame;
        if (_perFolio)
        {
            return folio.IsCompound && (folio.LargeFlags & _largeRmappable) != 0 ? StablePageFlags.Thp
                : hugeZero ? StablePageFlags.ZeroPage | StablePageFlags.Thp
                : _zero == folio.Head.Frame ? StablePageFlags.ZeroPage : StablePageFlags.None;
        }

        if (folio.IsCompound && _hasHuge)
        {
            return (folio.Head.Flags & _lru) != 0 || (folio.Head.Mapping & MappingAnonymous) != 0 ? StablePageFlags.Thp
                : hugeZero ? StablePageFlags.ZeroPage | StablePageFlags.Thp : StablePageFlags.None;
        }

        return _zero == page.Frame ? StablePageFlags.ZeroPage : StablePageFlags.None;
    }
}
