namespace IommuSpy.Translation.Devices;

/// <summary>What an IOMMU does with a device's requests.</summary>
public enum DmaMode
{
    /// <summary>It translates them by tables.</summary>
    Translated,

    /// <summary>It lets them through as they are: the device reaches all memory.</summary>
    PassThrough,

    /// <summary>It refuses them.</summary>
    Blocked,

    /// <summary>It faults on the device's own entry, which has a value or reserved bits that hardware refuses: nothing gets through.</summary>
    Invalid,
}
