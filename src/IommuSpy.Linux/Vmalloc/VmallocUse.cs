namespace IommuSpy.Linux.Vmalloc;

/// <summary>What a piece of vmalloc space is used for (include/linux/vmalloc.h, VM_*).</summary>
public enum VmallocUse
{
    /// <summary>None of those below: reserved, or mapped by whoever asked for it.</summary>
    Other,

    /// <summary>vmalloc and its kin.</summary>
    Vmalloc,

    /// <summary>A device's registers, or other physical memory, at one distance.</summary>
    IoRemap,

    /// <summary>Pages that somebody had already, mapped in a row.</summary>
    Vmap,

    /// <summary>Memory that a device reads and writes.</summary>
    DmaCoherent,

    /// <summary>vm_map_ram: a short-lived mapping, of which the kernel keeps no more.</summary>
    RamMap,

    /// <summary>Freed, and not yet unmapped everywhere.</summary>
    Unpurged,
}
