namespace IommuSpy.Memory;

/// <summary>A run of memory that stands in a file as it is, where the file is in pieces.</summary>
internal sealed class FileSegment(ImageFile file, ulong start) : ISegmentReader
{
    /// <inheritdoc/>
    public int Read(ulong offset, Span<byte> destination) => file.Read(start + offset, destination);
}
