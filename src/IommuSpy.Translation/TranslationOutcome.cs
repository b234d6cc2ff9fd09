namespace IommuSpy.Translation;

/// <summary>How a walk ended.</summary>
public enum TranslationOutcome
{
    /// <summary>At a leaf: the address has a physical address.</summary>
    Mapped,

    /// <summary>At an entry that hardware does not use.</summary>
    NotPresent,

    /// <summary>At an entry with a must-be-zero bit set: hardware faults there.</summary>
    ReservedBits,

    /// <summary>At a table that the image lacks: whether the address is mapped cannot be known from it.</summary>
    TableOutsideImage,

    /// <summary>Before it began: the address is not canonical, so the CPU faults without looking at a table.</summary>
    NonCanonical,

    /// <summary>Before it began: the address has bits above those that the device's tables translate.</summary>
    BeyondWidth,

    /// <summary>At an entry that skips levels, for an address with bits set that those levels would translate: hardware faults there.</summary>
    LevelSkipped,
}
