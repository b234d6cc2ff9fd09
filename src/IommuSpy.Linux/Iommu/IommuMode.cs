namespace IommuSpy.Linux.Iommu;

/// <summary>By which tables a unit looks up devices.</summary>
public enum IommuMode
{
    /// <summary>By none that were found: it does not translate, or its tables are not in the image.</summary>
    None,

    /// <summary>VT-d's root and context tables.</summary>
    Legacy,

    /// <summary>VT-d's root, context, PASID directory and PASID tables.</summary>
    Scalable,

    /// <summary>AMD-Vi's device table.</summary>
    DeviceTable,

    /// <summary>The SMMUv3's stream table.</summary>
    StreamTable,
}
