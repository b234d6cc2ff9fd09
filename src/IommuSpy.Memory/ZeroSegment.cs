namespace IommuSpy.Memory;

/// <summary>Memory that the image stores no bytes for, and of which it says that it was zeros.</summary>
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
