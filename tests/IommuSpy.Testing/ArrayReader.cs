using IommuSpy.Memory;

namespace IommuSpy.Testing;

/// <summary>A run of memory behind a reader. Where the run is longer than <paramref name="bytes"/>, its end cannot be read, like a damaged page.</summary>
public sealed class ArrayReader(ReadOnlyMemory<byte> bytes) : ISegmentReader
{
    /// <inheritdoc/>
    public int Read(ulong offset, Span<byte> destination)
    {
        if (offset >= (ulong)bytes.Length)
        {
            return 0;
        }

        ReadOnlySpan<byte> rest = bytes.Span[(int)offset..];
        int count = Math.Min(rest.Length, destination.Length);
        rest[..count].CopyTo(destination);
        return count;
    }
}
