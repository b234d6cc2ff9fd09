using IommuSpy.Analysis.Reverse;
using IommuSpy.Linux;
using IommuSpy.Linux.Pages;
using IommuSpy.Linux.Zones;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Frames;

/// <summary>Says in words whose a page is.</summary>
internal sealed class PageOwners(KernelParts parts, Lazy<ReverseMap> reverseMap, UnusualFrames unusual, PageKinds kinds)
{
    private const int MostNamed = 3;

    /// <summary>The owner: a slab cache, a file and where in it, processes, a section of the kernel; null where nothing tells.</summary>
    public string? Of(ref PageCursor cursor, PageKind kind)
    {
        PageRecord page = cursor.Page;
        FolioRecord folio = cursor.Folio;
        return kind switch
        {
            PageKind.Poisoned => unusual.OwnerOf(page.Frame, kind),
            PageKind.Free => FreeBlock(page.Frame),
            PageKind.FreeCached when kinds.CachedBy(page.Frame) is { } its => $"CPU {its.Cpu}, zone {its.Zone.Name}",
            PageKind.Slab => parts.Slabs.Value?.CacheOf(page.Frame)?.Name,
            PageKind.PageTable => Table(page.Frame),
            PageKind.Anonymous or PageKind.Ksm => Processes(page.Frame),
            PageKind.File => File(page, folio),
            PageKind.Hugetlb =>
                folio.Head.References == 0 ? "free, in the pool"
                    : folio.Head.Mapping != 0 && (folio.Head.Mapping & 1) == 0 ? File(page, folio) : Processes(page.Frame),
            PageKind.Vmalloc when kinds.MappedAt(page.Frame) is VirtualAddress address =>
                $"{parts.Layout.RegionOf(address).Name} {address}",
            PageKind.KernelImage => ImageSection.Of(parts.Kernel.Kallsyms?.Symbols, parts.Kernel.Text.ToVirtual(page.Frame.Address)),
            PageKind.PerCpu when kinds.PerCpuOf(page.Frame) is int cpu => $"CPU {cpu}",
            _ => null,
        };
    }

    private string? FreeBlock(PageFrame frame)
    {
        MemoryZone? zone = parts.Zones.Value?.ZoneOf(frame);
        return zone is null ? null : $"zone {zone.Name}";
    }

    private string? Table(PageFrame frame)
    {
        if (reverseMap.Value.TableIn(frame) is not { } table)
        {
            return null;
        }

        (PhysicalAddress? root, int level, VirtualAddress first) = table;

        string whose = root is not PhysicalAddress its ? "the kernel's half"
            : parts.OwnersOf(its) is { Count: > 0 } owners ? Names(owners.Select(owner => $"{owner.Comm}[{owner.Pid}]").ToList())
            : $"root {its}";
        return $"{parts.Kernel.Mode.Format.LevelName(level)} of {whose}, from {first}";
    }

    private string? Processes(PageFrame frame)
    {
        List<string> names =
        [
            .. reverseMap.Value.MappersOf(frame)
                .Where(mapper => mapper.Root is not null)
                .SelectMany(mapper =>
                    parts.OwnersOf(mapper.Root!.Value) is { Count: > 0 } owners ? owners.Select(owner => $"{owner.Comm}[{owner.Pid}]")
                        : [$"root {mapper.Root}"])
                .Distinct(StringComparer.Ordinal),
        ];
        return names.Count == 0 ? null : Names(names);
    }

    private static string Names(List<string> names) =>
        names.Count <= MostNamed ? string.Join(", ", names) : $"{string.Join(", ", names.Take(MostNamed))} and {names.Count - MostNamed} more";

    private string? File(in PageRecord page, in FolioRecord folio)
    {
        if (folio.Head.Mapping == 0)
        {
            return null;
        }

        PageFile file = parts.PageFiles.Required.Of(new(folio.Head.Mapping & ~3UL));
        return OffsetInFile(page, folio, file) is ulong offset ? $"{file}, offset 0x{offset:x}" : file.ToString();
    }

    /// <summary>Where in its file a page is, in bytes; null where hugetlbfs leaves it open.</summary>
    internal static ulong? OffsetInFile(in PageRecord page, in FolioRecord folio, PageFile file)
    {
        ulong within = (page.Frame.Number - folio.Head.Frame.Number) << PageFrame.Shift;
        ulong inPages = unchecked((folio.Head.Index << PageFrame.Shift) + within);
        if (!folio.IsHugetlb || folio.Head.Index == 0)
        {
            return inPages;
        }

        // hugetlbfs counted its files in huge pages until 6.6, and in pages since: whichever of the two such a file can have.
        ulong inHugePages = unchecked((folio.Head.Index << (PageFrame.Shift + folio.Order)) + within);
        bool pages = folio.Head.Index % (1UL << folio.Order) == 0;
        bool hugePages = file.Bytes is not ulong bytes || inHugePages < bytes;
        return pages == hugePages ? null : pages ? inPages : inHugePages;
    }
}
