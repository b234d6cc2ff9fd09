namespace IommuSpy.Linux.Types;

/// <summary>Where a field stands in a structure, however deep its path went.</summary>
/// <param name="Offset">Bytes from the start of the structure that the path began in.</param>
/// <param name="BitOffset">Bits from there to a bit-field's first bit, 0-7; 0 for other fields.</param>
/// <param name="BitSize">Bits of a bit-field, 1-64; 0 for other fields.</param>
/// <param name="Type">Its type.</param>
public sealed record Field(ulong Offset, int BitOffset, int BitSize, KernelType Type)
{
    /// <summary>sizeof the field's type, in bytes.</summary>
    public ulong Bytes { get; } = Type.Bytes;

    /// <summary>Whether it is read as a signed number.</summary>
    public bool IsSigned { get; } = Type.Resolved is IntegerType { Encoding: IntegerEncoding.Signed } or EnumType { IsSigned: true };
}
