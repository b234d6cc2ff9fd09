using IommuSpy.Analysis.Explain;
using IommuSpy.Linux.Pages;
using IommuSpy.Linux.Zones;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Pages;

/// <summary>Says in words whose a page is.</summary>
internal static class PageOwners
{
    private const int MostNamed = 3;

    /// <summary>The owner: a slab cache, a file and where in it, processes, a section of the kernel; null where nothing tells.</summary>
    public static string? Of(Machine machine, ref PageCursor cursor, PageKind kind)
    {
        PageRecord page = cursor.Page;
        FolioRecord folio = cursor.Folio;
        return kind switch
        {
            PageKind.Poisoned => machine.UnusualFrames.OwnerOf(page.Frame, kind),
            PageKind.Free => FreeBlock(machine, page.Frame),
            PageKind.FreeCached when machine.PageKinds.Required.CachedBy(page.Frame) is { } its => $"CPU {its.Cpu}, zone {its.Zone.Name}",
            PageKind.Slab => machine.Parts.Slabs.Value?.CacheOf(page.Frame)?.Name,
            PageKind.PageTable => Table(machine, page.Frame),
            PageKind.Anonymous or PageKind.Ksm => Processes(machine, page.Frame),
            PageKind.File => File(machine, page, folio),
            PageKind.Hugetlb =>
                folio.Head.References == 0 ? "free, in the pool"
                    : folio.Head.Mapping != 0 && (folio.Head.Mapping & 1) == 0 ? File(machine, page, folio) : Processes(machine, page.Frame),
            PageKind.Vmalloc when machine.PageKinds.Required.MappedAt(page.Frame) is VirtualAddress address =>
                $"{machine.Parts.Layout.RegionOf(address).Name} {address}",
            PageKind.KernelImage => ImageSection.Of(machine, machine.Kernel.Text.ToVirtual(page.Frame.Address)),
            PageKind.PerCpu when machine.PageKinds.Required.PerCpuOf(page.Frame) is int cpu => $"CPU {cpu}",
            _ => null,
        };
    }

    private static string? FreeBlock(Machine machine, PageFrame frame)
    {
        MemoryZone? zone = machine.Parts.Zones.Value?.ZoneOf(frame);
        return zone is null ? null : $"zone {zone.Name}";
    }

    private static string? Table(Machine machine, PageFrame frame)
    {
        if (machine.ReverseMap.TableIn(frame) is not { } table)
        {
            return null;
        }

        (PhysicalAddress? root, int level, VirtualAddress first) = table;

        string whose = root is not PhysicalAddress its ? "the kernel's half"
            : machine.Parts.OwnersOf(its) is { Count: > 0 } owners ? Names(owners.Select(owner => $"{owner.Comm}[{owner.Pid}]").ToList())
            : $"root {its}";
        return $"{machine.Kernel.Mode.Format.LevelName(level)} of {whose}, from {first}";
    }

    private static string? Processes(Machine machine, PageFrame frame)
    {
        List<string> names =
        [
            .. machine.ReverseMap.MappersOf(frame)
                .Where(mapper => mapper.Root is not null)
                .SelectMany(mapper =>
                    machine.Parts.OwnersOf(mapper.Root!.Value) is { Count: > 0 } owners ? owners.Select(owner => $"{owner.Comm}[{owner.Pid}]")
                        : [$"root {mapper.Root}"])
                .Distinct(StringComparer.Ordinal),
        ];
        return names.Count == 0 ? null : Names(names);
    }

    private static string Names(List<string> names) =>
        names.Count <= MostNamed ? string.Join(", ", names) : $"{string.Join(", ", names.Take(MostNamed))} and {names.Count - MostNamed} more";

    private static string? File(Machine machine, in PageRecord page, in FolioRecord folio)
    {
        if (folio.Head.Mapping == 0)
        {
            return null;
        }

        PageFile file = machine.Parts.PageFiles.Required.Of(new(folio.Head.Mapping & ~3UL));
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
