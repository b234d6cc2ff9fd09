namespace IommuSpy.Analysis.Dma;

/// <summary>How much of memory a device can get at.</summary>
public enum DeviceAccess
{
    /// <summary>What tables map for it.</summary>
    Translated,

    /// <summary>All of it: its IOMMU lets its addresses through as they are.</summary>
    PassThrough,

    /// <summary>Nothing: its IOMMU refuses it.</summary>
    Blocked,

    /// <summary>Nothing: its entry holds what its IOMMU refuses.</summary>
    Invalid,

    /// <summary>All of it: no IOMMU is between it and memory.</summary>
    NoIommu,
}
