using System.Buffers.Binary;

namespace IommuSpy.Memory.Writing;

/// <summary>A pipe for a format that is not written in order: makedumpfile's flattened form, which `makedumpfile -R` puts in order.</summary>
internal sealed class FlattenedOutput : IImageOutput
{
    private const int HeaderBytes = 4096;
    private readonly Stream _stream;

    internal FlattenedOutput(Stream stream)
    {
        _stream = stream;
        byte[] header = new byte[HeaderBytes];
        "makedumpfile"u8.CopyTo(header);
        BinaryPrimitives.WriteUInt64BigEndian(header.AsSpan(16), 1);
        BinaryPrimitives.WriteUInt64BigEndian(header.AsSpan(24), 1);
        stream.Write(header);
        BytesWritten = HeaderBytes;
    }

    /// <inheritdoc/>
    public ulong BytesWritten { get; private set; }

    /// <inheritdoc/>
    public void Write(ulong offset, ReadOnlySpan<byte> bytes) => Piece((long)offset, bytes.Length, bytes);

    /// <inheritdoc/>
    public void Finish(ulong length)
    {
        Piece(-1, -1, []);
        _stream.Flush();
    }

    private void Piece(long offset, long length, ReadOnlySpan<byte> bytes)
    {
        Span<byte> header = stackalloc byte[2 * sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(header, offset);
        BinaryPrimitives.WriteInt64BigEndian(header[sizeof(long)..], length);
        _stream.Write(header);
        _stream.Write(bytes);
        BytesWritten += (ulong)(header.Length + bytes.Length);
    }
}
