namespace IommuSpy.Memory;

/// <summary>A machine physical address: what the CPU or the IOMMU puts on the memory bus. At most 52 bits (AMD64 APM 2, 5.1).</summary>
/// <param name="Value">Byte address.</param>
public readonly record struct PhysicalAddress(ulong Value) : IComparable<PhysicalAddress>
{
    /// <summary>The page frame that holds the address.</summary>
    public PageFrame Frame => new(Value >> PageFrame.Shift);

    /// <summary>The address <paramref name="bytes"/> further on.</summary>
    /// <exception cref="OverflowException">The sum does not fit 64 bits.</exception>
    public static PhysicalAddress operator +(PhysicalAddress address, ulong bytes) => new(checked(address.Value + bytes));

    /// <inheritdoc/>
    public int CompareTo(PhysicalAddress other) => Value.CompareTo(other.Value);

    /// <summary>"0x" and 16 lower-case hexadecimal digits.</summary>
    public override string ToString() => $"0x{Value:x16}";
}
