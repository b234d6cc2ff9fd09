namespace IommuSpy.Memory.Sources.Devmem;

/// <summary>How wide one access to physical memory is: registers of devices often answer to one width alone.</summary>
public enum AccessWidth
{
    /// <summary>8 bits.</summary>
    Bits8 = 1,

    /// <summary>16 bits.</summary>
    Bits16 = 2,

    /// <summary>32 bits.</summary>
    Bits32 = 4,

    /// <summary>64 bits.</summary>
    Bits64 = 8,
}
