namespace IommuSpy.Linux.Layout;

/// <summary>The three kinds of virtual address that must not be confused, and the one that is none.</summary>
public enum AddressKind
{
    /// <summary>Of one process; its page tables translate it.</summary>
    UserVirtual,

    /// <summary>In the direct map: physical + page_offset_base.</summary>
    KernelLogical,

    /// <summary>Any other kernel address: text, modules, vmalloc, vmemmap, fixmap, cpu_entry_area. Only the page tables know.</summary>
    KernelVirtual,

    /// <summary>No address at all: the CPU refuses it before it looks at a table.</summary>
    NonCanonical,
}
