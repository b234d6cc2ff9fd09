namespace IommuSpy.Memory;

/// <summary>A run of bytes in a file.</summary>
/// <param name="Offset">File offset of the first byte.</param>
/// <param name="Length">Bytes.</param>
public readonly record struct FileExtent(ulong Offset, ulong Length)
{
    /// <summary>File offset after the last byte.</summary>
    public ulong End => Offset + Length;
}
