namespace IommuSpy.Linux.Iommu;

/// <summary>Whose IOMMU it is.</summary>
public enum IommuKind
{
    /// <summary>Intel VT-d.</summary>
    VtD,

    /// <summary>AMD-Vi.</summary>
    AmdVi,

    /// <summary>Arm's SMMU, version 3.</summary>
    SmmuV3,
}
