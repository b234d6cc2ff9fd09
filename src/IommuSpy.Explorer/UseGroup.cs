using IommuSpy.Analysis.Frames;

namespace IommuSpy.Explorer;

/// <summary>What memory is used for, coarse enough for a colour each.</summary>
internal enum UseGroup
{
    /// <summary>No memory, or none that the kernel uses.</summary>
    Out,

    /// <summary>Free.</summary>
    Free,

    /// <summary>The kernel's image and what it set aside at boot.</summary>
    Boot,

    /// <summary>Slabs.</summary>
    Slab,

    /// <summary>Page tables.</summary>
    Tables,

    /// <summary>Memory of processes that is no file's.</summary>
    Processes,

    /// <summary>The page cache.</summary>
    Files,

    /// <summary>vmalloc space and modules.</summary>
    Vmalloc,

    /// <summary>Everything else that the kernel has allocated.</summary>
    Kernel,
}

/// <summary>The groups of <see cref="UseGroup"/>.</summary>
internal static class UseGroups
{
    /// <summary>The group of a use.</summary>
    public static UseGroup Of(PageKind kind) => kind switch
    {
        PageKind.Free or PageKind.FreeCached => UseGroup.Free,
        PageKind.KernelImage or PageKind.Memmap or PageKind.PerCpu or PageKind.Reserved => UseGroup.Boot,
        PageKind.Slab => UseGroup.Slab,
        PageKind.PageTable => UseGroup.Tables,
        PageKind.Anonymous or PageKind.Ksm or PageKind.Hugetlb or PageKind.Zero => UseGroup.Processes,
        PageKind.File => UseGroup.Files,
        PageKind.Vmalloc => UseGroup.Vmalloc,
        PageKind.NetworkPool or PageKind.LargeKmalloc or PageKind.Zsmalloc or PageKind.Movable or PageKind.Kernel or PageKind.Unreferenced => UseGroup.Kernel,
        _ => UseGroup.Out,
    };

    /// <summary>What a group is called in a legend.</summary>
    public static string Words(this UseGroup group) => group switch
    {
        UseGroup.Free => "free",
        UseGroup.Boot => "kernel, since boot",
        UseGroup.Slab => "slab",
        UseGroup.Tables => "page tables",
        UseGroup.Processes => "processes",
        UseGroup.Files => "files",
        UseGroup.Vmalloc => "vmalloc, modules",
        UseGroup.Kernel => "kernel, other",
        _ => "out of use",
    };

    /// <summary>Its colour for who shows no style sheets: the same as in web/palette.css.</summary>
    public static string Colour(this UseGroup group) => group switch
    {
        UseGroup.Free => "#dde3ea",
        UseGroup.Boot => "#8a96a8",
        UseGroup.Slab => "#e0803a",
        UseGroup.Tables => "#c23b74",
        UseGroup.Processes => "#3b87d0",
        UseGroup.Files => "#3f9d62",
        UseGroup.Vmalloc => "#8763c8",
        UseGroup.Kernel => "#cfa52c",
        _ => "#4d5663",
    };

    /// <summary>Its class in the style sheets.</summary>
    public static string Class(this UseGroup group) => group switch
    {
        UseGroup.Free => "u-free",
        UseGroup.Boot => "u-boot",
        UseGroup.Slab => "u-slab",
        UseGroup.Tables => "u-tables",
        UseGroup.Processes => "u-processes",
        UseGroup.Files => "u-files",
        UseGroup.Vmalloc => "u-vmalloc",
        UseGroup.Kernel => "u-kernel",
        _ => "u-out",
    };
}
