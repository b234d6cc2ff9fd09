using IommuSpy.Memory;

namespace IommuSpy.Linux.Discovery;

/// <summary>What discovery found out about the kernel, each with how. Null is a stated absence: this kernel has none, or nothing in the image tells.</summary>
public sealed record KernelFacts
{
    /// <summary>The kernel's own one-line description: "Linux version 6.1.0-56-amd64 (...) #1 SMP ...".</summary>
    public required Fact<string> Banner { get; init; }

    /// <summary>The release: "6.1.0-56-amd64".</summary>
    public required Fact<string> Release { get; init; }

    /// <summary>4, or 5.</summary>
    public required Fact<int> PagingLevels { get; init; }

    /// <summary>The kernel's own top-level table (Linux: init_top_pgt, init_level4_pgt before 4.13), or a process's where that was not found.</summary>
    public required Fact<PhysicalAddress> RootTable { get; init; }

    /// <summary>phys_base, modulo 2^64: physical = virtual - 0xffffffff80000000 + phys_base for addresses of the kernel's image.</summary>
    public required Fact<ulong> PhysicalBase { get; init; }

    /// <summary>How far the image's virtual addresses are moved from where it was linked; 0 with nokaslr.</summary>
    public Fact<ulong>? KaslrOffset { get; init; }

    /// <summary>The virtual address of physical 0 in the direct map.</summary>
    public Fact<VirtualAddress>? PageOffsetBase { get; init; }

    /// <summary>Where vmalloc space begins.</summary>
    public Fact<VirtualAddress>? VmallocBase { get; init; }

    /// <summary>Where the array of struct page begins: the one of pfn 0.</summary>
    public Fact<VirtualAddress>? VmemmapBase { get; init; }

    /// <summary>Where module space begins: the end of the space kept for the kernel's image.</summary>
    public Fact<VirtualAddress>? ModulesBase { get; init; }

    /// <summary>Mask that clears the C-bit of memory encryption from entries; all ones without it.</summary>
    public required Fact<ulong> EntryMask { get; init; }
}
