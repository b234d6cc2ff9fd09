using Snappier;
using ZstdSharp;

namespace IommuSpy.Memory.Compression;

/// <summary>Decompresses pages. It keeps what the algorithms need between pages, so each thread has one of its own.</summary>
internal sealed class PageDecompressor
{
    [ThreadStatic]
    private static PageDecompressor? _ofThread;

    private readonly Inflater _inflater = new();
    private Decompressor? _zstd;
    private byte[] _scratch = [];

    private PageDecompressor()
    {
    }

    /// <summary>The decompressor of this thread.</summary>
    internal static PageDecompressor OfThread => _ofThread ??= new();

    /// <summary>At least that many bytes for compressed input that has to be put together; good until the next call.</summary>
    internal Span<byte> Scratch(int length)
    {
        if (_scratch.Length < length)
        {
            _scratch = new byte[length];
        }

        return _scratch.AsSpan(0, length);
    }

    /// <summary>Decompresses what makes exactly as many bytes as <paramref name="destination"/> has.</summary>
    /// <returns>False where it does not.</returns>
    internal bool TryDecompress(PageCompression compression, ReadOnlySpan<byte> data, Span<byte> destination)
    {
        switch (compression)
        {
            case PageCompression.None:
                if (data.Length != destination.Length)
                {
                    return false;
                }

                data.CopyTo(destination);
                return true;
            case PageCompression.Zlib:
                return _inflater.TryDecompress(data, destination);
            case PageCompression.Lzo:
                return Lzo1x.TryDecompress(data, destination);
            case PageCompression.Snappy:
                return TrySnappy(data, destination);
            case PageCompression.Zstd:
                return TryZstd(data, destination);
            default:
                return false;
        }
    }

    private static bool TrySnappy(ReadOnlySpan<byte> data, Span<byte> destination)
    {
        try
        {
            return Snappy.GetUncompressedLength(data) == destination.Length && Snappy.Decompress(data, destination) == destination.Length;
        }
        catch (Exception e) when (e is InvalidDataException or ArgumentException)
        {
            return false;
        }
    }

    private bool TryZstd(ReadOnlySpan<byte> data, Span<byte> destination)
    {
        _zstd ??= new();
        try
        {
            return _zstd.TryUnwrap(data, destination, out int written) && written == destination.Length;
        }
        catch (ZstdException)
        {
            return false;
        }
    }
}
