namespace IommuSpy.Lab;

/// <summary>The IOMMU that a guest's machine has.</summary>
public enum IommuModel
{
    /// <summary>No IOMMU: devices put physical addresses on the bus.</summary>
    None,

    /// <summary>Intel VT-d in legacy mode: root and context tables, 3-level second-stage tables.</summary>
    Intel,

    /// <summary>Intel VT-d in scalable mode: PASID directories and tables, 4-level second-stage tables.</summary>
    IntelScalable,

    /// <summary>AMD-Vi: device table and v1 tables.</summary>
    Amd,

    /// <summary>Arm's SMMUv3: stream table, context descriptors, stage 1 tables of the CPU's format.</summary>
    SmmuV3,
}
