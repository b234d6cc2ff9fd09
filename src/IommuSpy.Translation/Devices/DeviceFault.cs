namespace IommuSpy.Translation.Devices;

/// <summary>Why an IOMMU refuses a request.</summary>
public enum DeviceFault
{
    /// <summary>It does not, if the rights suffice.</summary>
    None,

    /// <summary>The device's entry lets nothing through, or is not present.</summary>
    Blocked,

    /// <summary>The device's entry holds what hardware refuses.</summary>
    InvalidContext,

    /// <summary>No interrupt remapping: the address is where writes become interrupts, and no memory.</summary>
    InterruptAddress,

    /// <summary>An entry of the tables is not present.</summary>
    NotPresent,

    /// <summary>The address is mapped, and neither reads nor writes get through all levels.</summary>
    NoPermission,

    /// <summary>The address is mapped, but reads do not get through.</summary>
    NoReadPermission,

    /// <summary>The address is mapped, but writes do not get through.</summary>
    NoWritePermission,

    /// <summary>An entry has a must-be-zero bit set.</summary>
    ReservedBits,

    /// <summary>An entry skips levels that the address has bits for.</summary>
    LevelSkipped,

    /// <summary>The address has bits above those that the tables translate.</summary>
    BeyondWidth,

    /// <summary>The address is not canonical for the first stage.</summary>
    NonCanonical,

    /// <summary>A table is not in the image: what would happen is not known.</summary>
    TableOutsideImage,
}
