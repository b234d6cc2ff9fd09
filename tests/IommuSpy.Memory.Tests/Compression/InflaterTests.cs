using System.IO.Compression;
using CsCheck;
using IommuSpy.Memory.Compression;

namespace IommuSpy.Memory.Tests.Compression;

/// <summary>Our inflate against .NET's zlib: the same bytes back, and nothing but a refusal from what is spoiled.</summary>
public class InflaterTests
{
    // Bytes of few values and long repeats, so that every kind of block, code and distance occurs.
    private static readonly Gen<byte[]> GenPage = Gen.Select(Gen.Int[1, 256], Gen.Int[0, 40], Gen.Int).Select((values, repeats, seed) =>
    {
        Random random = new(seed);
        byte[] page = new byte[4096];
        for (int i = 0; i < page.Length; i++)
        {
            page[i] = (byte)random.Next(values);
        }

        for (int i = 0; i < repeats; i++)
        {
            int length = random.Next(3, 600);
            int from = random.Next(page.Length - length);
            page.AsSpan(from, length).CopyTo(page.AsSpan(random.Next(page.Length - length)));
        }

        return page;
    });

    private static readonly Gen<CompressionLevel> GenLevel = Gen.OneOf(CompressionLevel.Fastest, CompressionLevel.Optimal, CompressionLevel.SmallestSize,
        CompressionLevel.NoCompression);

    [Fact]
    public void What_zlib_compresses_comes_back() => Gen.Select(GenPage, GenLevel).Sample(
        (page, level) =>
        {
            byte[] destination = new byte[page.Length];
            Assert.True(new Inflater().TryDecompress(Compressed(page, level), destination));
            Assert.Equal(page, destination);
        },
        iter: 1_000);

    [Fact]
    public void One_inflater_serves_many_streams()
    {
        Inflater inflater = new();
        Gen.Select(GenPage, GenLevel).Array[1, 5].Sample(
            streams =>
            {
                foreach ((byte[] page, CompressionLevel level) in streams)
                {
                    byte[] destination = new byte[page.Length];
                    Assert.True(inflater.TryDecompress(Compressed(page, level), destination));
                    Assert.Equal(page, destination);
                }
            },
            iter: 300,
            threads: 1);
    }

    [Fact]
    public void A_spoiled_stream_is_refused_or_makes_what_zlib_makes_of_it() =>
        Gen.Select(GenPage, GenLevel, Gen.Select(Gen.Int[0, 5000], Gen.Byte).Array[1, 4]).Sample(
        (page, level, changes) =>
        {
            byte[] zlib = Compressed(page, level);
            foreach ((int at, byte value) in changes)
            {
                zlib[at % zlib.Length] = value;
            }

            byte[] destination = new byte[page.Length];
            if (new Inflater().TryDecompress(zlib, destination))
            {
                // A match's distance may lead to other bytes with the same checksum: where the page has few values, that happens.
                using ZLibStream theirs = new(new MemoryStream(zlib), CompressionMode.Decompress);
                byte[] expected = new byte[page.Length];
                theirs.ReadExactly(expected);
                Assert.Equal(expected, destination);
                Assert.Equal(-1, theirs.ReadByte());
            }
        },
        iter: 5_000);

    [Fact]
    public void A_stream_that_is_cut_off_or_too_long_for_its_page_is_refused() => Gen.Select(GenPage, GenLevel, Gen.Double[0, 1]).Sample(
        (page, level, part) =>
        {
            byte[] zlib = Compressed(page, level);
            Assert.False(new Inflater().TryDecompress(zlib.AsSpan(0, (int)(part * (zlib.Length - 1))), new byte[page.Length]));
            Assert.False(new Inflater().TryDecompress(zlib, new byte[page.Length - 1]));
            Assert.False(new Inflater().TryDecompress(zlib, new byte[page.Length + 1]));
        },
        iter: 1_000);

    [Fact]
    public void The_vectors_of_Adler_32_add_up_as_its_definition() => Gen.Byte.Array[0, 12_000].Sample(
        bytes =>
        {
            (ulong low, ulong high) = (1, 0);
            foreach (byte value in bytes)
            {
                low = (low + value) % 65_521;
                high = (high + low) % 65_521;
            }

            Assert.Equal((uint)((high << 16) | low), Adler32.Of(bytes));
        },
        iter: 300);

    [Fact]
    public void Adler_32_of_the_largest_bytes_does_not_overflow()
    {
        byte[] bytes = new byte[20_000];
        Array.Fill(bytes, (byte)0xff);
        (ulong low, ulong high) = (1, 0);
        foreach (byte value in bytes)
        {
            low = (low + value) % 65_521;
            high = (high + low) % 65_521;
        }

        Assert.Equal((uint)((high << 16) | low), Adler32.Of(bytes));
    }

    private static byte[] Compressed(byte[] page, CompressionLevel level)
    {
        using MemoryStream stream = new();
        using (ZLibStream zlib = new(stream, level))
        {
            zlib.Write(page);
        }

        return stream.ToArray();
    }
}
