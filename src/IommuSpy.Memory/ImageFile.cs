namespace IommuSpy.Memory;

/// <summary>
/// The bytes of an image's file by their offset: mapped as they are, or put together out of what a container holds. Safe to share between threads.
/// </summary>
public abstract class ImageFile : IDisposable
{
    /// <summary>The path it was opened by.</summary>
    public abstract string Path { get; }

    /// <summary>Bytes in the file.</summary>
    public abstract ulong Length { get; }

    /// <summary>The parts of the file that are stored, in order; between them it holds zeros. One extent where that is not known.</summary>
    public abstract IReadOnlyList<FileExtent> DataExtents { get; }

    /// <summary>Copies bytes from <paramref name="offset"/> on.</summary>
    /// <returns>How many there were before the end of the file.</returns>
    public abstract int Read(ulong offset, Span<byte> destination);

    /// <summary>Bytes from <paramref name="offset"/> on, zero-copy.</summary>
    /// <returns>False where they do not stand together in a mapping: <see cref="Read"/> may still have them.</returns>
    public abstract bool TryGetSpan(ulong offset, int length, out ReadOnlySpan<byte> bytes);

    /// <summary>A run of physical memory whose bytes stand in the file as they are in memory.</summary>
    /// <param name="address">Physical address of the first byte.</param>
    /// <param name="offset">File offset of the first byte.</param>
    /// <param name="length">Bytes, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The run does not lie inside the file.</exception>
    public abstract MemorySegment SegmentAt(PhysicalAddress address, ulong offset, ulong length);

    /// <summary>Whether the file holds the <paramref name="length"/> bytes from <paramref name="offset"/> on.</summary>
    public bool Holds(ulong offset, ulong length) => offset <= Length && length <= Length - offset;

    /// <summary>Bytes of the file: in the mapping where there is one, a copy elsewhere.</summary>
    /// <exception cref="ArgumentOutOfRangeException">They do not lie inside the file.</exception>
    public ReadOnlySpan<byte> Span(ulong offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length);
        if ((ulong)length > Length - offset)
        {
            throw new ArgumentOutOfRangeException(nameof(length), length, "runs past the end of the file");
        }

        if (TryGetSpan(offset, length, out ReadOnlySpan<byte> bytes))
        {
            return bytes;
        }

        byte[] copy = new byte[length];
        return copy.AsSpan(0, Read(offset, copy));
    }

    /// <summary>Bytes from <paramref name="offset"/> on: in the mapping, or in <paramref name="copy"/>, which is as long as they are.</summary>
    /// <returns>False where the file lacks one of them.</returns>
    public bool TryGet(ulong offset, Span<byte> copy, out ReadOnlySpan<byte> bytes)
    {
        if (TryGetSpan(offset, copy.Length, out bytes))
        {
            return true;
        }

        bytes = copy;
        return Read(offset, copy) == copy.Length;
    }

    /// <summary>Whether the file begins with <paramref name="signature"/>.</summary>
    public bool StartsWith(ReadOnlySpan<byte> signature) => Holds(0, (ulong)signature.Length) && Span(0, signature.Length).SequenceEqual(signature);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Lets go of the file. Spans and segments of it must not be used afterwards.</summary>
    protected abstract void Dispose(bool disposing);
}
