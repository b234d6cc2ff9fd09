using System.Buffers.Binary;
using System.IO.Compression;
using SharpCompress.Compressors.Xz;
using ZstdSharp;

namespace IommuSpy.Memory.Containers;

/// <summary>A compressed file that holds an image: gzip, xz or Zstandard, by its signature.</summary>
internal sealed class Container
{
    private const string Gzip = "gzip";

    private static readonly Container[] All =
    [
        new(Gzip, [0x1f, 0x8b, 0x08], stream => new GZipStream(stream, CompressionMode.Decompress)),
        new("xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], stream => new XZStream(stream)),
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

    /// <summary>The names of all.</summary>
    internal static IEnumerable<string> Names => All.Select(container => container.Name);

    /// <summary>What people call it.</summary>
    internal string Name { get; }

    /// <summary>The container that a file is, or null.</summary>
    internal static Container? Of(ImageFile file) => Array.Find(All, container => file.StartsWith(container._signature));

    /// <summary>What is in it. What is corrupt or cut off throws, as <see cref="Unpacked"/> knows.</summary>
    internal Stream Unpack(Stream packed) => _unpack(packed);

    /// <summary>
    /// What says that a stream which ended well ended early: .NET's gzip takes the end of a cut file for the end of its stream. The last four bytes are the
    /// length of what is in it, modulo 2^32 (RFC 1952, 2.3.1); of several members put together, the last one's, which nobody makes of an image.
    /// </summary>
    internal string? Shortage(ImageFile file, long unpacked)
    {
        if (Name != Gzip || file.Length < sizeof(uint))
        {
            return null;
        }

        uint said = BinaryPrimitives.ReadUInt32LittleEndian(file.Span(file.Length - sizeof(uint), sizeof(uint)));
        return said == (uint)unpacked ? null : $"it is cut off, or of several members: {Size.Text((ulong)unpacked)} came out of it and its last bytes say 0x{said:x}";
    }
}
