using System.Buffers.Binary;
using IommuSpy.Memory.Compression;
using IommuSpy.Memory.Formats.Lime;
using Snappier;

namespace IommuSpy.Memory.Writing;

/// <summary>AVML, version 2: ranges of at most 16 MiB as avml makes them, each a header, a Snappy framed stream and the stream's length.</summary>
internal static class AvmlWriter
{
    private const int RangeBytes = 16 << 20;

    internal static void Write(WriteJob job)
    {
        ulong at = 0;
        job.Run(
            RangeBytes,
            Range,
            bytes =>
            {
                job.Output.Write(at, bytes);
                at += (ulong)bytes.Length;
            });
        job.Output.Finish(at);
    }

    private static byte[] Range(WriteJob.Chunk chunk)
    {
        using MemoryStream output = new((int)chunk.Range.Length / 2);
        byte[] header = new byte[RangeHeader.Bytes];
        new RangeHeader(RangeHeader.AvmlMagic, 2, chunk.Range.Start.Value, chunk.Range.Last.Value).Write(header);
        output.Write(header);
        output.Write(SnappyFrames.StreamIdentifier);
        byte[] compressed = new byte[Snappy.GetMaxCompressedLength(SnappyFrames.MostPlainBytes)];
        Span<byte> frame = stackalloc byte[SnappyFrames.ChunkHeaderBytes + SnappyFrames.ChecksumBytes];
        for (int at = 0; at < chunk.Bytes.Length; at += SnappyFrames.MostPlainBytes)
        {
            ReadOnlySpan<byte> plain = chunk.Bytes.Slice(at, Math.Min(SnappyFrames.MostPlainBytes, chunk.Bytes.Length - at));
            int length = Snappy.Compress(plain, compressed);

            // What gains less than an eighth is stored as it is (framing_format.txt, 4.2 leaves that to the writer).
            bool isPlain = length > plain.Length - (plain.Length / 8);
            ReadOnlySpan<byte> data = isPlain ? plain : compressed.AsSpan(0, length);
            int chunkLength = data.Length + SnappyFrames.ChecksumBytes;
            frame[0] = isPlain ? SnappyFrames.Plain : SnappyFrames.Compressed;
            frame[1] = (byte)chunkLength;
            frame[2] = (byte)(chunkLength >> 8);
            frame[3] = (byte)(chunkLength >> 16);
            BinaryPrimitives.WriteUInt32LittleEndian(frame[SnappyFrames.ChunkHeaderBytes..], SnappyFrames.Checksum(plain));
            output.Write(frame);
            output.Write(data);
        }

        Span<byte> trailer = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(trailer, (ulong)output.Length - RangeHeader.Bytes);
        output.Write(trailer);
        return output.ToArray();
    }
}
