namespace IommuSpy.Memory.Writing;

/// <summary>A pipe: written in order, with zeros in between.</summary>
internal sealed class StreamOutput(Stream stream) : IImageOutput
{
    private static readonly byte[] Zeros = new byte[1 << 20];

    /// <inheritdoc/>
    public ulong BytesWritten { get; private set; }

    /// <inheritdoc/>
    public void Write(ulong offset, ReadOnlySpan<byte> bytes)
    {
        FillTo(offset);
        stream.Write(bytes);
        BytesWritten += (ulong)bytes.Length;
    }

    /// <inheritdoc/>
    public void Finish(ulong length)
    {
        FillTo(length);
        stream.Flush();
    }

    private void FillTo(ulong offset)
    {
        if (offset < BytesWritten)
        {
            throw new InvalidOperationException($"written to 0x{BytesWritten:x}, and 0x{offset:x} comes after");
        }

        while (BytesWritten < offset)
        {
            int part = (int)Math.Min((ulong)Zeros.Length, offset - BytesWritten);
            stream.Write(Zeros, 0, part);
            BytesWritten += (ulong)part;
        }
    }
}
