namespace IommuSpy.Analysis.Frames;

/// <summary>What a page of physical memory is used for.</summary>
public enum PageKind
{
    /// <summary>It has no struct page: a hole, or memory that the kernel was not given.</summary>
    None,

    /// <summary>A device's registers or memory, in a range that a PCI function decodes; without a struct page.</summary>
    PciRange,

    /// <summary>Not memory of the kernel's, and no PCI function's: what its list of resources names there; without a struct page.</summary>
    Resource,

    /// <summary>Memory that was added and not taken into use, or taken out of it: its block is offline.</summary>
    OfflineBlock,

    /// <summary>A device's memory that has struct pages (zone Device): persistent memory, a PCI function's for peer-to-peer DMA.</summary>
    Device,

    /// <summary>Broken memory, which the kernel took out of use (hwpoison).</summary>
    Poisoned,

    /// <summary>Free, in the buddy allocator.</summary>
    Free,

    /// <summary>Free, and kept by a CPU for its next allocation.</summary>
    FreeCached,

    /// <summary>A slab: objects of one cache.</summary>
    Slab,

    /// <summary>A page table of the CPU.</summary>
    PageTable,

    /// <summary>Anonymous memory of a process.</summary>
    Anonymous,

    /// <summary>Anonymous memory that KSM merged.</summary>
    Ksm,

    /// <summary>The contents of a file: the page cache.</summary>
    File,

    /// <summary>hugetlbfs: in use, or in its pool.</summary>
    Hugetlb,

    /// <summary>The page of zeros, or the huge one.</summary>
    Zero,

    /// <summary>Mapped by vmalloc or for a module: task stacks, module text, large tables.</summary>
    Vmalloc,

    /// <summary>A buffer of the network's page pools, which devices write to.</summary>
    NetworkPool,

    /// <summary>A kmalloc that is larger than slabs are.</summary>
    LargeKmalloc,

    /// <summary>zsmalloc's: compressed memory.</summary>
    Zsmalloc,

    /// <summary>Movable memory of a driver: a balloon's.</summary>
    Movable,

    /// <summary>The kernel's image.</summary>
    KernelImage,

    /// <summary>Struct pages.</summary>
    Memmap,

    /// <summary>A CPU's own variables.</summary>
    PerCpu,

    /// <summary>Kept from the allocators, for firmware or since boot.</summary>
    Reserved,

    /// <summary>Logically offline: a balloon's, or a hypervisor's.</summary>
    Offline,

    /// <summary>A guard page.</summary>
    Guard,

    /// <summary>Not yet accepted from the hypervisor.</summary>
    Unaccepted,

    /// <summary>Allocated by the kernel for something that struct page does not tell: buffers, tables, kernel memory of any kind.</summary>
    Kernel,

    /// <summary>
    /// It has no reference of its own and is on no free list: the rest of an allocation of several pages that is not a compound page, or a page that was being
    /// allocated or freed.
    /// </summary>
    Unreferenced,
}
