namespace IommuSpy.Linux.Paging;

/// <summary>What Linux keeps in a page-table entry that hardware does not use.</summary>
public enum NonPresentKind
{
    /// <summary>Nothing: all bits are zero.</summary>
    Empty,

    /// <summary>A page in memory that nobody may access now: mprotect(PROT_NONE), or NUMA balancing looking for who uses it.</summary>
    ProtNone,

    /// <summary>A page on a swap device.</summary>
    Swap,

    /// <summary>A page that is being moved to another frame.</summary>
    Migration,

    /// <summary>A page whose memory is broken.</summary>
    HardwarePoison,

    /// <summary>A page in a device's own memory.</summary>
    DevicePrivate,

    /// <summary>A page that a device uses atomically for now.</summary>
    DeviceExclusive,

    /// <summary>No page, but a note for the fault handler: userfaultfd write-protection, poison, guard.</summary>
    Marker,

    /// <summary>A page that could not be read back from swap.</summary>
    SwapInError,

    /// <summary>An entry of a kind that this kernel's symbols do not tell.</summary>
    Special,
}
