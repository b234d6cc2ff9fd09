using System.Buffers.Binary;

namespace IommuSpy.Memory.Formats.Lime;

/// <summary>
/// The header of a range, which LiME and AVML share: magic, version, first and last address, 8 bytes of zeros (LiME, doc/README; AVML, src/image.rs).
/// </summary>
/// <param name="Magic">Whose it is.</param>
/// <param name="Version">1 for bytes as they are, AVML's 2 for compressed ones.</param>
/// <param name="Start">Physical address of the first byte.</param>
/// <param name="Last">Of the last byte, inclusive.</param>
internal readonly record struct RangeHeader(uint Magic, uint Version, ulong Start, ulong Last)
{
    internal const int Bytes = 32;
    internal const uint LimeMagic = 0x4c69_4d45; // "EMiL" in the file
    internal const uint AvmlMagic = 0x4c4d_5641; // "AVML"

    internal static ReadOnlySpan<byte> LimeSignature => "EMiL\u0001\0\0\0"u8;

    internal static ReadOnlySpan<byte> AvmlSignature => "AVML\u0002\0\0\0"u8;

    /// <summary>Bytes of the range.</summary>
    internal ulong Length => Last - Start + 1;

    /// <summary>Whether the range is one: its end not before its start, and not all of 64 bits.</summary>
    internal bool IsSane => Last >= Start && Length != 0;

    internal static RangeHeader Read(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]),
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]),
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]));

    internal void Write(Span<byte> bytes)
    {
        bytes[..Bytes].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[4..], Version);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], Start);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[16..], Last);
    }
}
