namespace IommuSpy.Linux.Iommu;

/// <summary>Whose IOMMU it is.</summary>
public enum IommuKind
{
    /// <summary>Intel VT-d.</summary>
    VtD,

    /// <summary>AMD-Vi.</summary>
    AmdVi,
}
