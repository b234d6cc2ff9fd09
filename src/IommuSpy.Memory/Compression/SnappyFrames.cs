using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace IommuSpy.Memory.Compression;

/// <summary>The Snappy framing format (google/snappy, framing_format.txt): chunks {type, 24-bit length, data}, each of at most 64 KiB of plain bytes.</summary>
internal static class SnappyFrames
{
    internal const int ChunkHeaderBytes = 4;
    internal const int ChecksumBytes = 4;
    internal const int MostPlainBytes = 65_536;
    internal const byte Compressed = 0x00;
    internal const byte Plain = 0x01;
    internal const byte FirstSkippable = 0x80;

    /// <summary>The chunk that begins a stream.</summary>
    internal static ReadOnlySpan<byte> StreamIdentifier => [0xff, 0x06, 0x00, 0x00, (byte)'s', (byte)'N', (byte)'a', (byte)'P', (byte)'p', (byte)'Y'];

    /// <summary>The masked CRC-32C of plain bytes that stands before a chunk's data.</summary>
    internal static uint Checksum(ReadOnlySpan<byte> plain)
    {
        uint crc = uint.MaxValue;
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(plain);
        foreach (ulong word in words)
        {
            crc = BitOperations.Crc32C(crc, word);
        }

        foreach (byte value in plain[(words.Length * sizeof(ulong))..])
        {
            crc = BitOperations.Crc32C(crc, value);
        }

        return BitOperations.RotateRight(~crc, 15) + 0xa282_ead8;
    }

    /// <summary>The plain length that a Snappy block begins with; -1 where it has none.</summary>
    internal static int PlainLength(ReadOnlySpan<byte> block)
    {
        uint length = 0;
        for (int i = 0; i < Math.Min(5, block.Length); i++)
        {
            length |= (uint)(block[i] & 0x7f) << (7 * i);
            if (block[i] < 0x80)
            {
                return length <= int.MaxValue ? (int)length : -1;
            }
        }

        return -1;
    }

    /// <summary>Decodes a chunk.</summary>
    /// <param name="type"><see cref="Compressed"/> or <see cref="Plain"/>.</param>
    /// <param name="data">Its data, with the checksum.</param>
    /// <param name="destination">As long as the plain bytes are.</param>
    /// <returns>False where they are others, or the checksum differs.</returns>
    internal static bool TryDecode(byte type, ReadOnlySpan<byte> data, Span<byte> destination) =>
        data.Length >= ChecksumBytes
        && PageDecompressor.OfThread.TryDecompress(type == Plain ? PageCompression.None : PageCompression.Snappy, data[ChecksumBytes..], destination)
        && BinaryPrimitives.ReadUInt32LittleEndian(data) == Checksum(destination);
}
