namespace IommuSpy.Memory;

/// <summary>A 4 KiB page of physical memory by its number (Linux: pfn): physical address / 4096.</summary>
/// <param name="Number">Page frame number, at most 2^40 - 1.</param>
public readonly record struct PageFrame(ulong Number) : IComparable<PageFrame>
{
    /// <summary>log2 of the page size.</summary>
    public const int Shift = 12;

    /// <summary>Bytes in a page frame.</summary>
    public const int Size = 1 << Shift;

    /// <summary>The first byte of the frame.</summary>
    public PhysicalAddress Address => new(Number << Shift);

    /// <inheritdoc/>
    public int CompareTo(PageFrame other) => Number.CompareTo(other.Number);

    /// <summary>"0x" and the number in lower-case hexadecimal.</summary>
    public override string ToString() => $"0x{Number:x}";
}
