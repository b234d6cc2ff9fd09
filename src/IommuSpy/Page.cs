using IommuSpy.Analysis.Frames;
using IommuSpy.Analysis.Pages;
using IommuSpy.Catalogue;

namespace IommuSpy;

/// <summary>What the kernel keeps of one page of physical memory in its struct page (include/linux/mm_types.h). Null is a stated absence.</summary>
public sealed record Page
{
    /// <summary>The page frame number.</summary>
    public required ulong Pfn { get; init; }

    /// <summary>The physical address of its first byte.</summary>
    public required ulong Physical { get; init; }

    /// <summary>The virtual address of its struct page; null where it has none.</summary>
    public required ulong? StructPage { get; init; }

    /// <summary>The flags that are set, by this kernel's own names without PG_.</summary>
    public required IReadOnlyList<string> Flags { get; init; }

    /// <summary>The flags as /proc/kpageflags has them; null for a page frame that is no memory.</summary>
    public required ulong? KernelPageFlags { get; init; }

    /// <summary>Its reference count.</summary>
    public required int? References { get; init; }

    /// <summary>How many page-table entries map it: /proc/kpagecount.</summary>
    public required ulong? Mappings { get; init; }

    /// <summary>What it is used for, as the column "kind" of the table "pages" has it: "slab", "fileCache", "pageTable".</summary>
    public required string Kind { get; init; }

    /// <summary>Whose it is: a slab cache, a file and where in it, processes; null where that is not known.</summary>
    public required string? Owner { get; init; }

    /// <summary>Its zone: "DMA32"; null where that is not known.</summary>
    public required string? Zone { get; init; }

    /// <summary>Of a part of a compound page, the page frame number at which that begins; null for others.</summary>
    public required ulong? Head { get; init; }

    /// <summary>Pages of 4 KiB of the compound page; 1 for a single page.</summary>
    public required ulong Pages { get; init; }

    internal static Page Of(PageReport report) => new()
    {
        Pfn = report.Pfn.Number,
        Physical = report.Physical.Value,
        StructPage = report.StructPage?.Value,
        Flags = report.Flags,
        KernelPageFlags = report.KernelPageFlags?.Value,
        References = report.References,
        Mappings = report.Mappings,
        Kind = Words<PageKind>.Of(report.Kind),
        Owner = report.Owner,
        Zone = report.Zone,
        Head = report.Head?.Number,
        Pages = report.Pages,
    };
}
