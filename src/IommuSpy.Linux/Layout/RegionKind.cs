namespace IommuSpy.Linux.Layout;

/// <summary>What a part of the x86-64 virtual address space is for.</summary>
public enum RegionKind
{
    /// <summary>User virtual addresses: each process has its own.</summary>
    UserSpace,

    /// <summary>Addresses that no table can translate: bits above the top index do not repeat it.</summary>
    NonCanonical,

    /// <summary>Kept free, for a hypervisor or between regions.</summary>
    Hole,

    /// <summary>A process's local descriptor table, mapped again for page-table isolation.</summary>
    LdtRemap,

    /// <summary>All physical memory at one distance: kernel logical addresses.</summary>
    DirectMap,

    /// <summary>vmalloc and ioremap.</summary>
    Vmalloc,

    /// <summary>The array of struct page.</summary>
    Vmemmap,

    /// <summary>One byte for each 8 of kernel memory, where the kernel was built with KASAN.</summary>
    KasanShadow,

    /// <summary>What the CPU needs at its entry into the kernel: descriptor tables, entry stacks.</summary>
    CpuEntryArea,

    /// <summary>Stacks for returning to 16-bit segments.</summary>
    EspFixup,

    /// <summary>EFI runtime services, in tables of their own.</summary>
    Efi,

    /// <summary>The kernel's image: text, rodata, data, bss.</summary>
    KernelText,

    /// <summary>Loadable modules; bpf programs and ftrace trampolines too.</summary>
    Modules,

    /// <summary>Addresses known at compile time whose physical page is set at run time.</summary>
    Fixmap,

    /// <summary>What PCI devices decode as I/O ports, of CPUs that have none.</summary>
    PciIo,

    /// <summary>The old fixed-address system call page.</summary>
    Vsyscall,
}
