using System.Buffers.Binary;
using IommuSpy.Memory.Compression;

namespace IommuSpy.Memory.Formats.Kdump;

/// <summary>Where a dumped page stands in the file (makedumpfile: struct page_desc).</summary>
/// <param name="Offset">File offset.</param>
/// <param name="Bytes">Bytes there, compressed.</param>
/// <param name="Compression">How the page is compressed.</param>
internal readonly record struct PageDescriptor(ulong Offset, uint Bytes, PageCompression Compression)
{
    /// <summary>Bytes of a descriptor in the file; the last 8 are the page's own flags, which nobody writes.</summary>
    internal const int Size = 24;

    /// <summary>Reads a descriptor.</summary>
    internal static PageDescriptor Read(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt64LittleEndian(bytes),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]),
        (PageCompression)BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]));
}
