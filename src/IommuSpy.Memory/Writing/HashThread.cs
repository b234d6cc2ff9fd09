namespace IommuSpy.Memory.Writing;

/// <summary>SHA-256 of what is written, on a thread of its own while the same bytes are written: one file's hash cannot be computed on two.</summary>
internal sealed unsafe class HashThread : IDisposable
{
    // Less is hashed sooner than a thread is woken.
    private const int LeastBytes = 64 << 10;

    private readonly Sha256 _hash = new();
    private readonly SemaphoreSlim _given = new(0);
    private readonly SemaphoreSlim _done = new(0);
    private readonly Thread _thread;
    private byte* _bytes;
    private int _length;

    internal HashThread()
    {
        _thread = new(HashWhatIsGiven) { IsBackground = true, Name = "hash" };
        _thread.Start();
    }

    /// <summary>Hashes bytes that are written meanwhile.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="write">Writes them.</param>
    /// <exception cref="IOException">They cannot be written.</exception>
    internal void Append(ReadOnlySpan<byte> bytes, Writer write)
    {
        if (bytes.Length < LeastBytes)
        {
            _hash.Append(bytes);
            write(bytes);
            return;
        }

        fixed (byte* first = bytes)
        {
            _bytes = first;
            _length = bytes.Length;
            _given.Release();
            try
            {
                write(bytes);
            }
            finally
            {
                // Nobody may read them once they are the caller's again.
                _done.Wait();
            }
        }
    }

    /// <summary>Hashes bytes that nobody writes now.</summary>
    internal void Append(ReadOnlySpan<byte> bytes) => _hash.Append(bytes);

    /// <summary>The hash of everything, in lower-case hexadecimal. Nothing can be added after it.</summary>
    internal string Finish() => _hash.Finish();

    /// <inheritdoc/>
    public void Dispose()
    {
        _length = 0;
        _given.Release();
        _thread.Join();
        _given.Dispose();
        _done.Dispose();
    }

    private void HashWhatIsGiven()
    {
        for (_given.Wait(); _length > 0; _given.Wait())
        {
            _hash.Append(new(_bytes, _length));
            _done.Release();
        }
    }

    /// <summary>Writes bytes somewhere.</summary>
    internal delegate void Writer(ReadOnlySpan<byte> bytes);
}
