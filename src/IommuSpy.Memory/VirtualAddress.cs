namespace IommuSpy.Memory;

/// <summary>
/// An address as software sees it, before the CPU's page tables translate it. Canonical: bits above the top index repeat it (Intel SDM 1, 3.3.7.1).
/// </summary>
/// <param name="Value">Byte address.</param>
public readonly record struct VirtualAddress(ulong Value) : IComparable<VirtualAddress>
{
    /// <summary>The address <paramref name="bytes"/> further on, modulo 2^64.</summary>
    public static VirtualAddress operator +(VirtualAddress address, ulong bytes) => new(unchecked(address.Value + bytes));

    /// <summary>Bytes from <paramref name="right"/> up to <paramref name="left"/>, modulo 2^64.</summary>
    public static ulong operator -(VirtualAddress left, VirtualAddress right) => unchecked(left.Value - right.Value);

    /// <inheritdoc/>
    public int CompareTo(VirtualAddress other) => Value.CompareTo(other.Value);

    /// <summary>"0x" and 16 lower-case hexadecimal digits.</summary>
    public override string ToString() => $"0x{Value:x16}";
}
