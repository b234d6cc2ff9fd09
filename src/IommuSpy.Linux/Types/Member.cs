namespace IommuSpy.Linux.Types;

/// <summary>A member of a structure or union.</summary>
/// <param name="name">Its name; empty for an anonymous structure or union.</param>
/// <param name="bitOffset">Bits from the start of the structure.</param>
/// <param name="bitSize">Bits of a bit-field; 0 for other members.</param>
/// <param name="type">Looks up its type.</param>
public sealed class Member(string name, ulong bitOffset, int bitSize, Func<KernelType> type)
{
    /// <summary>Its name; empty for an anonymous structure or union.</summary>
    public string Name { get; } = name;

    /// <summary>Bits from the start of the structure; a multiple of 8 for all but bit-fields.</summary>
    public ulong BitOffset { get; } = bitOffset;

    /// <summary>Bits of a bit-field, 1-64; 0 for other members.</summary>
    public int BitSize { get; } = bitSize;

    /// <summary>Its type; of a bit-field, the type that it was declared with.</summary>
    public KernelType Type => type();
}
