namespace IommuSpy.Linux.Pages;

/// <summary>What a page that no user maps says that it is (include/linux/page-flags.h: PGTY_buddy and its kin; flags PG_buddy before 6.12).</summary>
public enum PageType
{
    /// <summary>It says nothing: what stands there is a map count.</summary>
    None,

    /// <summary>The first page of a free block.</summary>
    Buddy,

    /// <summary>Logically offline: a balloon, a hypervisor's.</summary>
    Offline,

    /// <summary>A page table.</summary>
    Table,

    /// <summary>A guard page of CONFIG_DEBUG_PAGEALLOC.</summary>
    Guard,

    /// <summary>hugetlbfs; since 6.10.</summary>
    Hugetlb,

    /// <summary>A slab; since 6.10.</summary>
    Slab,

    /// <summary>zsmalloc's; since 6.11.</summary>
    Zsmalloc,

    /// <summary>Given by the hypervisor and not yet accepted; since 6.11.</summary>
    Unaccepted,

    /// <summary>A kmalloc that is too large for a slab; since 6.15.</summary>
    LargeKmalloc,

    /// <summary>Accounted to a control group, with no other type; until 5.10.</summary>
    Accounted,

    /// <summary>A type that this kernel does not name.</summary>
    Other,
}
