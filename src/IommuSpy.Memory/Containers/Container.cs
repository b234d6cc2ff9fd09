using System.Buffers.Binary;
using System.IO.Compression;
using K4os.Compression.LZ4.Streams;
using Microsoft.Win32.SafeHandles;
using SharpCompress.Compressors.BZip2;
using SharpCompress.Compressors.Xz;
using ZstdSharp;
using Crc32 = IommuSpy.Memory.Compression.Crc32;

namespace IommuSpy.Memory.Containers;

/// <summary>A compressed file that holds an image: gzip, xz, Zstandard, lz4 or bzip2, by its signature.</summary>
internal sealed class Container
{
    private const string Gzip = "gzip";
    private const SharpCompress.Compressors.CompressionMode Unpacking = SharpCompress.Compressors.CompressionMode.Decompress;

    private static readonly Container[] All =
    [
        new(Gzip, [0x1f, 0x8b, 0x08], stream => new GZipStream(stream, CompressionMode.Decompress)),
        new("xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], stream => new XZStream(stream)),
        new("lz4", [0x04, 0x22, 0x4d, 0x18], stream => LZ4Stream.Decode(stream)),
        new("bzip2", [0x42, 0x5a, 0x68], stream => BZip2Stream.Create(stream, Unpacking, decompressConcatenated: true)),
        new("zstd", [0x28, 0xb5, 0x2f, 0xfd], stream => new DecompressionStream(stream)),
    ];

    private readonly byte[] _signature;
    private readonly Func<Stream, Stream> _unpack;

    private Container(string name, byte[] signature, Func<Stream, Stream> unpack)
    {
        Name = name;
        _signature = signature;
        _unpack = unpack;
    }

    /// <summary>The names of all containers that are read.</summary>
    internal static IEnumerable<string> Names => All.Select(container => container.Name);

    /// <summary>What people call it.</summary>
    internal string Name { get; }

    /// <summary>The container that a file is, or null.</summary>
    internal static Container? Of(ImageFile file) => Array.Find(All, container => file.StartsWith(container._signature));

    /// <summary>What is in it. What is corrupt or cut off throws, as <see cref="Unpacked"/> knows.</summary>
    internal Stream Unpack(Stream packed) => _unpack(packed);

    /// <summary>
    /// What says that a stream which ended well ended early: .NET's gzip takes the end of a cut file for the end of its stream. The last eight bytes are the
    /// CRC-32 and the length modulo 2^32 of what is in it (RFC 1952, 2.3.1); of several members put together (pigz -i, bgzip, cat), the last one's: what came
    /// out last must be that.
    /// </summary>
    internal string? Shortage(ImageFile file, SafeFileHandle unpacked)
    {
        const int TrailerBytes = 8;
        if (Name != Gzip || file.Length < TrailerBytes)
        {
            return null;
        }

        ReadOnlySpan<byte> trailer = file.Span(file.Length - TrailerBytes, TrailerBytes);
        uint crc = BinaryPrimitives.ReadUInt32LittleEndian(trailer);
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(trailer[sizeof(uint)..]);
        long made = RandomAccess.GetLength(unpacked);
        return length == (uint)made || (length < made && Crc32.Of(unpacked, made - length) == crc)
            ? null
            : $"it is cut off: {Size.Text((ulong)made)} came out of it and its last bytes say 0x{length:x}";
    }
}
