namespace IommuSpy.Memory.Containers;

/// <summary>The rest of a file behind a header that is not the image's.</summary>
internal sealed class SliceFile(ImageFile file, ulong start) : ImageFile
{
    /// <inheritdoc/>
    public override string Path => file.Path;

    /// <inheritdoc/>
    public override ulong Length => file.Length - start;

    /// <inheritdoc/>
    public override IReadOnlyList<FileExtent> DataExtents =>
        [.. file.DataExtents.Where(extent => extent.End > start)
            .Select(extent => extent.Offset >= start ? new FileExtent(extent.Offset - start, extent.Length) : new(0, extent.End - start))];

    /// <inheritdoc/>
    public override int Read(ulong offset, Span<byte> destination) => offset < Length ? file.Read(start + offset, destination) : 0;

    /// <inheritdoc/>
    public override bool TryGetSpan(ulong offset, int length, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        return offset <= Length && file.TryGetSpan(start + offset, length, out bytes);
    }

    /// <inheritdoc/>
    public override MemorySegment SegmentAt(PhysicalAddress address, ulong offset, ulong length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length);
        return file.SegmentAt(address, start + offset, length);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            file.Dispose();
        }
    }
}
