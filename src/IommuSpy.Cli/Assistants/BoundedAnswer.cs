using IommuSpy.Memory.Writing;

namespace IommuSpy.Cli.Assistants;

/// <summary>Takes an answer until it has enough of it; then the question ends there, as before a reader who goes away.</summary>
/// <param name="mostBytes">Bytes that are taken.</param>
/// <param name="mostLines">Lines that are taken.</param>
internal sealed class BoundedAnswer(int mostBytes, int mostLines = int.MaxValue) : WriteOnlyStream
{
    private readonly MemoryStream _bytes = new();
    private long _endOfLines;

    /// <summary>Lines that were taken whole.</summary>
    public int Lines { get; private set; }

    /// <summary>Whether there was more.</summary>
    public bool IsCut { get; private set; }

    /// <summary>What was taken; of an answer that was cut, its whole lines.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes.GetBuffer().AsSpan(0, (int)(IsCut ? _endOfLines : _bytes.Length));

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    /// <exception cref="OutputException">It has enough.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            int end = buffer.IndexOf((byte)'\n');
            ReadOnlySpan<byte> part = end < 0 ? buffer : buffer[..(end + 1)];
            if (IsCut || Lines >= mostLines || part.Length > mostBytes - _bytes.Length)
            {
                IsCut = true;
                throw new OutputException("enough", isClosed: true);
            }

            _bytes.Write(part);
            if (end >= 0)
            {
                Lines++;
                _endOfLines = _bytes.Length;
            }

            buffer = buffer[part.Length..];
        }
    }
}
