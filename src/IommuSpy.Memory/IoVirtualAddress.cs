namespace IommuSpy.Memory;

/// <summary>An address as a device puts it on the bus, before an IOMMU translates it (IOVA).</summary>
/// <param name="Value">Byte address.</param>
public readonly record struct IoVirtualAddress(ulong Value) : IComparable<IoVirtualAddress>
{
    /// <summary>The address <paramref name="bytes"/> further on, modulo 2^64.</summary>
    public static IoVirtualAddress operator +(IoVirtualAddress address, ulong bytes) => new(unchecked(address.Value + bytes));

    /// <inheritdoc/>
    public int CompareTo(IoVirtualAddress other) => Value.CompareTo(other.Value);

    /// <summary>"0x" and 16 lower-case hexadecimal digits.</summary>
    public override string ToString() => $"0x{Value:x16}";
}
