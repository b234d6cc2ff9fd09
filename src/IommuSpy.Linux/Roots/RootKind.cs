namespace IommuSpy.Linux.Roots;

/// <summary>Whose a top-level page table is.</summary>
public enum RootKind
{
    /// <summary>The kernel's own (init_top_pgt): the reference that all others copy their upper half from.</summary>
    Kernel,

    /// <summary>A process's, by the kernel's own list.</summary>
    Process,

    /// <summary>Of an mm_struct that the kernel made for itself (poking_mm): on its list of processes' tables, and no process's.</summary>
    KernelMemory,

    /// <summary>The half of a process's tables that the CPU uses in user mode under page-table isolation.</summary>
    PtiUserHalf,

    /// <summary>In the kernel's image, used while booting.</summary>
    Boot,

    /// <summary>
    /// Has the shape of a root and is on no list: EFI's, the real-mode trampoline's, or a process's that has ended and was not yet overwritten.
    /// </summary>
    Unlisted,

    /// <summary>Has the shape of a root; this kernel's list could not be read, so whether it is in use is not known.</summary>
    Unknown,
}
