namespace IommuSpy.Linux.Types;

/// <summary>How the bits of a number are read.</summary>
public enum IntegerEncoding
{
    /// <summary>An unsigned integer.</summary>
    Unsigned,

    /// <summary>A signed integer, two's complement.</summary>
    Signed,

    /// <summary>A character.</summary>
    Character,

    /// <summary>A bool.</summary>
    Boolean,

    /// <summary>A floating-point number (IEEE 754).</summary>
    FloatingPoint,
}
