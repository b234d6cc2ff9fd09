namespace IommuSpy.Linux.Pages;

/// <summary>What memory of zone Device is (include/linux/memremap.h, enum memory_type).</summary>
public enum DeviceMemoryKind
{
    /// <summary>A kind that this kernel's types do not name.</summary>
    Unknown,

    /// <summary>A device's own, which CPUs cannot access.</summary>
    Private,

    /// <summary>A device's own, which CPUs can access.</summary>
    Coherent,

    /// <summary>Persistent memory, for file systems too.</summary>
    FsDax,

    /// <summary>Persistent or other memory that a character device maps.</summary>
    DevDax,

    /// <summary>A PCI function's, for other functions to access.</summary>
    PeerToPeer,
}
