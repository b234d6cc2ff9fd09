using System.Buffers.Binary;
using CsCheck;
using IommuSpy.Memory.Formats.Flattened;

namespace IommuSpy.Memory.Tests;

/// <summary>Flattened files against the file that writing their pieces one after another makes.</summary>
public class FlattenedFileTests
{
    [Fact]
    public void Pieces_in_any_order_and_over_each_other() => Gen.Select(Gen.Int[0, 400], Gen.Byte.Array[1, 120]).Array[0, 12].Sample(
        pieces =>
        {
            byte[] expected = new byte[pieces.Length == 0 ? 0 : pieces.Max(piece => piece.Item1 + piece.Item2.Length)];
            using MemoryStream flat = new();
            byte[] header = new byte[4096];
            "makedumpfile"u8.CopyTo(header);
            header[23] = 1;
            header[31] = 1;
            flat.Write(header);
            foreach ((int at, byte[] bytes) in pieces)
            {
                Piece(flat, at, bytes.Length);
                flat.Write(bytes);
                bytes.CopyTo(expected, at);
            }

            Piece(flat, -1, -1);
            using TemporaryFile file = TemporaryFile.With(flat.ToArray());
            using FlattenedFile flattened = FlattenedFile.Open(MappedFile.Open(file.Path), ImageLimits.Default);
            Assert.Equal((ulong)expected.Length, flattened.Length);
            byte[] whole = new byte[expected.Length + 10];
            Assert.Equal(expected.Length, flattened.Read(0, whole));
            Assert.Equal(expected, whole[..expected.Length]);
            for (int at = 0; at < expected.Length; at += 7)
            {
                int length = Math.Min(13, expected.Length - at);
                Assert.Equal(expected[at..(at + length)], flattened.Span((ulong)at, length).ToArray());
                if (flattened.TryGetSpan((ulong)at, length, out ReadOnlySpan<byte> span))
                {
                    Assert.Equal(expected[at..(at + length)], span.ToArray());
                }
            }
        },
        iter: 500);

    [Fact]
    public void More_pieces_than_any_writer_makes_of_so_many_bytes_are_refused()
    {
        const int Most = 1 << 20;
        byte[] bytes = new byte[4096 + ((Most + 1) * 17)];
        "makedumpfile"u8.CopyTo(bytes);
        bytes[23] = 1;
        bytes[31] = 1;
        for (int i = 0; i <= Most; i++)
        {
            Span<byte> piece = bytes.AsSpan(4096 + (i * 17));
            BinaryPrimitives.WriteInt64BigEndian(piece, Most - i);
            BinaryPrimitives.WriteInt64BigEndian(piece[8..], 1);
            piece[16] = 1;
        }

        using TemporaryFile file = TemporaryFile.With(bytes);
        using MappedFile mapped = MappedFile.Open(file.Path);
        MemoryImageException refusal = Assert.Throws<MemoryImageException>(() => FlattenedFile.Open(mapped, ImageLimits.Default));
        Assert.EndsWith("flattened dump of more than 1048576 pieces", refusal.Message, StringComparison.Ordinal);
        using TemporaryFile one = TemporaryFile.With(bytes[..^17]);
        using FlattenedFile whole = FlattenedFile.Open(MappedFile.Open(one.Path), ImageLimits.Default);
        Assert.Equal((ulong)Most + 1, whole.Length);
        byte[] read = new byte[Most + 1];
        Assert.Equal(read.Length, whole.Read(0, read));
        Assert.Equal(Most, read.Sum(value => value));
    }

    private static void Piece(MemoryStream flat, long offset, long length)
    {
        Span<byte> header = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(header, offset);
        BinaryPrimitives.WriteInt64BigEndian(header[8..], length);
        flat.Write(header);
    }
}
