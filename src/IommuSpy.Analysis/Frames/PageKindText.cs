namespace IommuSpy.Analysis.Frames;

/// <summary>A <see cref="PageKind"/> in words.</summary>
public static class PageKindText
{
    /// <summary>"page table", "anonymous".</summary>
    public static string Words(this PageKind kind) => kind switch
    {
        PageKind.None => "no struct page",
        PageKind.PciRange => "a PCI function's",
        PageKind.Resource => "not memory",
        PageKind.OfflineBlock => "in an offline memory block",
        PageKind.Device => "device memory",
        PageKind.Poisoned => "poisoned",
        PageKind.Free => "free",
        PageKind.FreeCached => "free, kept by a CPU",
        PageKind.Slab => "slab",
        PageKind.PageTable => "page table",
        PageKind.Anonymous => "anonymous",
        PageKind.Ksm => "anonymous, merged by KSM",
        PageKind.File => "file",
        PageKind.Hugetlb => "hugetlbfs",
        PageKind.Zero => "page of zeros",
        PageKind.Vmalloc => "vmalloc",
        PageKind.NetworkPool => "network page pool",
        PageKind.LargeKmalloc => "large kmalloc",
        PageKind.Zsmalloc => "zsmalloc",
        PageKind.Movable => "movable, a driver's",
        PageKind.KernelImage => "kernel image",
        PageKind.Memmap => "struct pages",
        PageKind.PerCpu => "per-CPU area",
        PageKind.Reserved => "reserved",
        PageKind.Offline => "offline",
        PageKind.Guard => "guard page",
        PageKind.Unaccepted => "unaccepted",
        PageKind.Kernel => "kernel, unspecified",
        _ => "kernel, no reference of its own",
    };
}
