using Microsoft.Win32.SafeHandles;

namespace IommuSpy.Memory.Sources.Live;

/// <summary>/proc/kcore's own bytes: its headers and notes. The length that it reports means nothing (fs/proc/kcore.c).</summary>
internal sealed class KcoreFile(string path, SafeFileHandle handle) : ImageFile
{
    private readonly KcoreBytes _bytes = new(path, handle);

    /// <inheritdoc/>
    public override string Path => path;

    /// <inheritdoc/>
    public override ulong Length => long.MaxValue;

    /// <inheritdoc/>
    public override IReadOnlyList<FileExtent> DataExtents => [new(0, Length)];

    /// <inheritdoc/>
    public override int Read(ulong offset, Span<byte> destination) => new DeviceReader(_bytes, 0).Read(offset, destination);

    /// <inheritdoc/>
    public override bool TryGetSpan(ulong offset, int length, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        return false;
    }

    /// <inheritdoc/>
    public override MemorySegment SegmentAt(PhysicalAddress address, ulong offset, ulong length) =>
        MemorySegment.Behind(new DeviceReader(_bytes, offset), new(address, length));

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _bytes.Dispose();
        }
    }
}
