namespace IommuSpy.Memory.Placement;

/// <summary>A raw file, or its whole pages.</summary>
internal sealed class FileBlock(ImageFile file, ulong length) : MemoryBlock(Path.GetFileName(file.Path), length)
{
    /// <inheritdoc/>
    internal override IEnumerable<FileExtent> Data => file.DataExtents;

    /// <inheritdoc/>
    internal override MemorySegment SegmentAt(PhysicalAddress start, ulong offset, ulong bytes) => file.SegmentAt(start, offset, bytes);

    /// <inheritdoc/>
    internal override int Read(ulong offset, Span<byte> destination) => file.Read(offset, destination);
}
