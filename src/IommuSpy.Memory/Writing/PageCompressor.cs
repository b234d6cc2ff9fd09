using System.IO.Compression;
using IommuSpy.Memory.Compression;
using Snappier;
using ZstdSharp;

namespace IommuSpy.Memory.Writing;

/// <summary>Compresses pages; each thread has one of its own.</summary>
internal sealed class PageCompressor
{
    // makedumpfile takes zlib's fastest level and zstd's "dfast", for a dump is taken while a machine is down.
    private const int ZstdLevel = 1;

    [ThreadStatic]
    private static PageCompressor? _ofThread;

    private readonly byte[] _buffer = new byte[2 * PageFrame.Size];
    private Compressor? _zstd;

    private PageCompressor()
    {
    }

    /// <summary>The compressor of this thread.</summary>
    internal static PageCompressor OfThread => _ofThread ??= new();

    /// <summary>A page compressed, in a buffer that is good until the next call; empty where that is no shorter than the page.</summary>
    internal ReadOnlySpan<byte> Compress(PageCompression compression, ReadOnlySpan<byte> page)
    {
        int length = compression switch
        {
            PageCompression.Zlib => Zlib(page),
            PageCompression.Snappy => Snappy.Compress(page, _buffer),
            PageCompression.Zstd => (_zstd ??= new(ZstdLevel)).Wrap(page, _buffer),
            _ => page.Length,
        };
        return length < page.Length ? _buffer.AsSpan(0, length) : default;
    }

    private int Zlib(ReadOnlySpan<byte> page)
    {
        using MemoryStream stream = new(_buffer);
        using (ZLibStream zlib = new(stream, CompressionLevel.Fastest, leaveOpen: true))
        {
            zlib.Write(page);
        }

        return (int)stream.Position;
    }
}
