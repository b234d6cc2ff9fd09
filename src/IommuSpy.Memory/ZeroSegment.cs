namespace IommuSpy.Memory;

/// <summary>Memory that the image declares and stores no bytes for: it reads as zero (ELF gABI: p_memsz beyond p_filesz).</summary>
public sealed class ZeroSegment : ISegmentReader
{
    /// <summary>The only instance: it has no state.</summary>
    public static ZeroSegment Instance { get; } = new();

    /// <inheritdoc/>
    public int Read(ulong offset, Span<byte> destination)
    {
        destination.Clear();
        return destination.Length;
    }
}
