namespace IommuSpy.Memory.Writing;

/// <summary>A pipe that is hashed as it is written.</summary>
public sealed class HashedStream(Stream inner) : WriteOnlyStream
{
    private readonly HashThread _hash = new();

    /// <summary>SHA-256 of what was written, in hexadecimal. Asked once, when all is written.</summary>
    public string Hash() => _hash.Finish();

    /// <inheritdoc/>
    public override void Flush() => inner.Flush();

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer) => _hash.Append(buffer, inner.Write);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _hash.Dispose();
        }

        base.Dispose(disposing);
    }
}
