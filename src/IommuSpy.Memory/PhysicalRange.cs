namespace IommuSpy.Memory;

/// <summary>A run of physical memory.</summary>
/// <param name="Start">First byte.</param>
/// <param name="Length">Bytes, at least 1.</param>
public readonly record struct PhysicalRange(PhysicalAddress Start, ulong Length)
{
    /// <summary>Last byte, inclusive: the form that /proc/iomem prints.</summary>
    public PhysicalAddress Last => new(Start.Value + (Length - 1));

    /// <summary>Whether the range holds <paramref name="address"/>.</summary>
    public bool Contains(PhysicalAddress address) => address.Value - Start.Value < Length;

    /// <summary>"0x...-0x...", the end inclusive.</summary>
    public override string ToString() => $"0x{Start.Value:x}-0x{Last.Value:x}";
}
