namespace IommuSpy;

/// <summary>What becomes of a device's requests to memory.</summary>
public enum DmaMode
{
    /// <summary>Tables say what they reach.</summary>
    Translated,

    /// <summary>They reach all of memory: the IOMMU lets their addresses through as they are.</summary>
    PassThrough,

    /// <summary>They reach nothing: the IOMMU refuses them.</summary>
    Blocked,

    /// <summary>They reach nothing: the device's entry holds what the IOMMU refuses.</summary>
    Invalid,

    /// <summary>They reach all of memory: no IOMMU stands before it.</summary>
    NoIommu,
}
