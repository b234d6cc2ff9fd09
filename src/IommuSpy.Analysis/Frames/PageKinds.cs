using IommuSpy.Analysis.Reverse;
using IommuSpy.Linux;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Pages;
using IommuSpy.Linux.Types;
using IommuSpy.Linux.Zones;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Frames;

/// <summary>
/// Tells what each page of a machine is used for: by its struct page first, and where that says nothing by who maps it or where it lies. Safe to share between
/// threads.
/// </summary>
public sealed class PageKinds
{
    // include/linux/poison.h and mm_types.h: PP_SIGNATURE, in the word that other pages keep a list or a head in; its low bits are flags.
    private const ulong NetworkPoolSignature = 0xdead_0000_0000_0040;
    private const ulong SignatureMask = ~3UL;
    private const ulong MappingKinds = 3;
    private const ulong MappingAnonymous = 1;
    private const ulong MappingMovable = 2;

    private readonly KernelParts _parts;
    private readonly Lazy<ReverseMap> _reverseMap;
    private readonly PageOwners _owners;
    private readonly MemoryPages _pages;
    private readonly UnusualFrames _unusual;
    private readonly HashSet<PageFrame> _memmap;
    private readonly Dictionary<PageFrame, VirtualAddress> _mapped;
    private readonly Dictionary<PageFrame, (int Cpu, MemoryZone Zone)> _cached = [];
    private readonly (PageFrame First, PageFrame End, int Cpu)[] _perCpu;
    private readonly int? _reserved;
    private readonly int? _lru;

    private PageKinds(KernelParts parts, Lazy<ReverseMap> reverseMap, UnusualFrames unusual)
    {
        _parts = parts;
        _reverseMap = reverseMap;
        _owners = new(parts, reverseMap, unusual, this);
        _pages = parts.Pages.Required;
        _unusual = unusual;
        _memmap = [.. _pages.Array.OwnPages()];
        _mapped = MappedFrames.Of(parts);
        _perCpu = [.. PerCpuAreas(parts)];
        _reserved = _pages.Flags.Bit("reserved");
        _lru = _pages.Flags.Bit("lru");
        foreach (MemoryZone zone in parts.Zones.Value?.Zones ?? [])
        {
            foreach (CpuFreePages list in zone.CpuLists)
            {
                foreach ((PageFrame first, int order) in list.Blocks)
                {
                    for (ulong i = 0; i < 1UL << order; i++)
                    {
                        _cached.TryAdd(new(first.Number + i), (list.Cpu, zone));
                    }
                }
            }
        }
    }

    /// <summary>Gathers what is needed for a machine: tens of milliseconds for a gigabyte.</summary>
    /// <exception cref="MissingTypeException">Nothing describes struct page.</exception>
    internal static PageKinds Of(KernelParts parts, Lazy<ReverseMap> reverseMap, UnusualFrames unusual) => new(parts, reverseMap, unusual);

    /// <summary>What a page frame is used for.</summary>
    public PageKind KindOf(PageFrame frame)
    {
        FrameState state = _pages.StateOf(frame);
        PageCursor cursor = new(_pages, stackalloc byte[256]);
        return state == FrameState.Managed && cursor.MoveTo(frame) ? KindOf(ref cursor) : _unusual.KindOf(frame, state) ?? PageKind.None;
    }

    /// <summary>What a page frame is used for, and by whom: what every command says of it.</summary>
    public PageUse UseOf(PageFrame frame)
    {
        FrameState state = _pages.StateOf(frame);
        PageCursor cursor = new(_pages, stackalloc byte[256]);
        if (state == FrameState.Managed && cursor.MoveTo(frame))
        {
            PageKind kind = KindOf(ref cursor);
            return new(kind, OwnerOf(ref cursor, kind));
        }

        return _unusual.KindOf(frame, state) is PageKind unusual ? new(unusual, _unusual.OwnerOf(frame, unusual)) : new(PageKind.None, null);
    }

    /// <summary>Whose the page is that a cursor is at, in words; null where nothing tells.</summary>
    internal string? OwnerOf(ref PageCursor cursor, PageKind kind) => _owners.Of(ref cursor, kind);

    /// <summary>What the page that a cursor is at is used for: one of memory that the kernel uses.</summary>
    public PageKind KindOf(ref PageCursor cursor)
    {
        if (_unusual.IsPoisoned(cursor.Page))
        {
            return PageKind.Poisoned;
        }

        if (cursor.IsFree)
        {
            return PageKind.Free;
        }

        PageRecord page = cursor.Page;
        FolioRecord folio = cursor.Folio;
        if (page.References == 0 && _cached.ContainsKey(page.Frame))
        {
            return PageKind.FreeCached;
        }

        if (_pages.IsSlab(folio))
        {
            return PageKind.Slab;
        }

        if (folio.IsHugetlb)
        {
            return PageKind.Hugetlb;
        }

        switch (_pages.TypeOf(folio.Head))
        {
            case PageType.Table:
                return PageKind.PageTable;
            case PageType.Offline:
                return PageKind.Offline;
            case PageType.Guard:
                return PageKind.Guard;
            case PageType.Zsmalloc:
                return PageKind.Zsmalloc;
            case PageType.Unaccepted:
                return PageKind.Unaccepted;
            case PageType.LargeKmalloc:
                return PageKind.LargeKmalloc;
            default:
                return ByMapping(page, folio);
        }
    }

    /// <summary>The CPU that keeps a free page for itself, and the page's zone; null for every other page.</summary>
    public (int Cpu, MemoryZone Zone)? CachedBy(PageFrame frame) => _cached.TryGetValue(frame, out (int, MemoryZone) found) ? found : null;

    /// <summary>Where vmalloc space or module space maps a page; null where neither does.</summary>
    public VirtualAddress? MappedAt(PageFrame frame) => _mapped.TryGetValue(frame, out VirtualAddress address) ? address : null;

    /// <summary>The CPU whose variables a page holds; null for every other page.</summary>
    public int? PerCpuOf(PageFrame frame)
    {
        foreach ((PageFrame first, PageFrame end, int cpu) in _perCpu)
        {
            if (frame.Number >= first.Number && frame.Number < end.Number)
            {
                return cpu;
            }
        }

        return null;
    }

    private PageKind ByMapping(in PageRecord page, in FolioRecord folio)
    {
        if ((page.HeadWord & SignatureMask) == NetworkPoolSignature || (folio.Head.HeadWord & SignatureMask) == NetworkPoolSignature)
        {
            return PageKind.NetworkPool;
        }

        if (_pages.ZeroPage == page.Frame || (_pages.HugeZeroPage == folio.Head.Frame && folio.IsCompound))
        {
            return PageKind.Zero;
        }

        if (Has(page.Flags, _reserved))
        {
            return Reserved(page.Frame);
        }

        bool owned = folio.Head.References > 0;

        // Pages of the kernel's own keep other things in the mapping's place: it counts where users map the page, or an LRU list holds it.
        bool users = owned && (folio.IsMapped || Has(folio.Head.Flags, _lru));
        ulong mapping = folio.Head.Mapping;
        switch (mapping & MappingKinds)
        {
            case MappingKinds when users:
                return PageKind.Ksm;
            case MappingAnonymous when users:
                return PageKind.Anonymous;
            case MappingMovable when owned && mapping != MappingMovable:
                return PageKind.Movable;
            case 0 when users && mapping != 0 && !_mapped.ContainsKey(page.Frame):
                return PageKind.File;
            default:
                break;
        }

        return _mapped.ContainsKey(page.Frame) ? PageKind.Vmalloc
            : _reverseMap.Value.TableIn(page.Frame) is not null ? PageKind.PageTable
            : owned ? PageKind.Kernel : PageKind.Unreferenced;
    }

    private PageKind Reserved(PageFrame frame)
    {
        if (_parts.Kernel.Text.PhysicalRange.Contains(frame.Address))
        {
            return PageKind.KernelImage;
        }

        return _memmap.Contains(frame) ? PageKind.Memmap
            : PerCpuOf(frame) is not null ? PageKind.PerCpu
            : _reverseMap.Value.TableIn(frame) is not null ? PageKind.PageTable
            : PageKind.Reserved;
    }

    // The first chunk of per-CPU memory is a run of the direct map for each CPU (mm/percpu.c, pcpu_embed_first_chunk); later ones are vmalloc's.
    private static IEnumerable<(PageFrame First, PageFrame End, int Cpu)> PerCpuAreas(KernelParts parts)
    {
        KernelObjects objects = parts.Objects.Required;
        if (objects.Variable("pcpu_unit_size") is not VirtualAddress size || objects.Number(size, sizeof(uint)) is not (ulong bytes and > 0 and <= 1 << 30)
            || parts.Kernel.Kallsyms?.Symbols is not SymbolTable symbols || !symbols.TryFind("__per_cpu_start", out Symbol start))
        {
            yield break;
        }

        IReadOnlyList<ulong> offsets = PerCpu.Of(objects).Offsets;
        for (int cpu = 0; cpu < offsets.Count; cpu++)
        {
            VirtualAddress first = new(unchecked(start.Address.Value + offsets[cpu]));
            if (parts.Kernel.Space.TryTranslate(first, out PhysicalAddress physical) && parts.Kernel.DirectMapAddress(physical) == first)
            {
                yield return (physical.Frame, new((physical.Value + bytes + PageFrame.Size - 1) >> PageFrame.Shift), cpu);
            }
        }
    }

    private static bool Has(ulong flags, int? bit) => bit is int at && ((flags >> at) & 1) != 0;
}
