namespace IommuSpy.Linux.Devices;

/// <summary>What an IOMMU domain is for (include/linux/iommu.h, IOMMU_DOMAIN_*).</summary>
public enum DomainKind
{
    /// <summary>Nothing gets through.</summary>
    Blocked,

    /// <summary>Addresses get through as they are.</summary>
    Identity,

    /// <summary>Whoever asked for it maps what it likes: VFIO, iommufd, a GPU's driver.</summary>
    Unmanaged,

    /// <summary>The kernel's DMA interface maps buffers in it.</summary>
    Dma,

    /// <summary>A process's own tables, for a device that shares its virtual addresses.</summary>
    SharedVirtual,

    /// <summary>Tables of a guest, translated again by those of another domain.</summary>
    Nested,

    /// <summary>A kind that this version does not know.</summary>
    Other,
}
