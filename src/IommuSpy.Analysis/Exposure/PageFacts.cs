using IommuSpy.Linux.Slab;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Exposure;

/// <summary>What a page is, as far as the audit asks. Null and false are also what cannot be told: a rule finds nothing there.</summary>
public sealed record PageFacts
{
    /// <summary>What it is in a word or two, for evidence: "slab kmalloc-2k", "page cache", "kernel text".</summary>
    public string What { get; init; } = "memory";

    /// <summary>Whether it is memory: not registers, such as those that all devices write their interrupts to.</summary>
    public bool IsMemory { get; init; } = true;

    /// <summary>The part of the kernel's image that it belongs to.</summary>
    public ImagePart? Image { get; init; }

    /// <summary>The symbol that it begins in, of the image or of a module.</summary>
    public string? Symbol { get; init; }

    /// <summary>The module whose code it holds.</summary>
    public string? ModuleCode { get; init; }

    /// <summary>Which page table of the CPU lives in it: "PT of the kernel's half".</summary>
    public string? PageTable { get; init; }

    /// <summary>Which table of an IOMMU lives in it.</summary>
    public string? IommuTable { get; init; }

    /// <summary>Which queue of an IOMMU lives in it: "invalidation queue of dmar0".</summary>
    internal string? IommuQueue { get; init; }

    /// <summary>The registers that it is, in place of memory.</summary>
    internal RegisterRange? Registers { get; init; }

    /// <summary>How many references the kernel counts to it, or to the folio that it is part of.</summary>
    internal int? References { get; init; }

    /// <summary>Whether it is free in the buddy allocator.</summary>
    public bool IsFree { get; init; }

    /// <summary>The slab that it is part of.</summary>
    public SlabPages? Slab { get; init; }

    /// <summary>Whether it is anonymous memory of the processes that map it.</summary>
    public bool IsAnonymous { get; init; }

    /// <summary>The processes that map it.</summary>
    public IReadOnlyList<UserMapping> Users { get; init; } = [];

    /// <summary>Where the kernel maps it, without the right to write; null where it does not, or with it.</summary>
    public VirtualAddress? KernelReadOnlyAt { get; init; }
}
