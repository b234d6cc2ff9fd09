using IommuSpy.Memory;

namespace IommuSpy.Linux.Pci;

/// <summary>What struct device keeps of a function's IOMMU. Pointers lead to the kernel's own objects. Null is a stated absence or a null pointer.</summary>
public sealed record PciIommu
{
    /// <summary>Number of its iommu_group, as under /sys/kernel/iommu_groups.</summary>
    public uint? GroupId { get; init; }

    /// <summary>Its struct iommu_group.</summary>
    public VirtualAddress? Group { get; init; }

    /// <summary>Its struct dev_iommu (since 5.8; struct iommu_param before).</summary>
    public VirtualAddress? DeviceData { get; init; }

    /// <summary>The struct iommu_device that translates for it: a part of struct intel_iommu or struct amd_iommu (since 5.9).</summary>
    public VirtualAddress? Unit { get; init; }

    /// <summary>
    /// What the IOMMU's driver keeps of it: struct device_domain_info of VT-d, struct iommu_dev_data of AMD-Vi; dev_iommu.priv, or dev.archdata.iommu before.
    /// </summary>
    public VirtualAddress? DriverData { get; init; }

    /// <summary>Ids that firmware gave it towards its IOMMU (struct iommu_fwspec); empty where it has none, as on x86.</summary>
    public IReadOnlyList<uint> FirmwareIds { get; init; } = [];
}
