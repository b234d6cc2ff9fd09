using System.Runtime.InteropServices;
using CsCheck;
using IommuSpy.Memory.Compression;

namespace IommuSpy.Memory.Tests.Compression;

/// <summary>Our LZO1X decoder: streams written out by hand, streams of liblzo2 where that is installed, and spoiled ones.</summary>
public partial class Lzo1xTests
{
    private const int LibraryWorkBytes = 16_384 * sizeof(long);

    [Fact]
    public void Literals_and_each_kind_of_match()
    {
        // 21 = 17 + 4 literals; 0x40 + (dist-1 = 3) << 2: length 3, distance 4; end.
        Expect("abcdabc"u8, [21, .. "abcd"u8, 0x40 | (3 << 2), 0, 17, 0, 0]);

        // 001LLLLL: length 2 + 6, distance 4, and two literals after it.
        Expect("abcdabcdabcdxy"u8, [21, .. "abcd"u8, 0x26, (3 << 2) | 2, 0, .. "xy"u8, 17, 0, 0]);

        // A run of literals without the first-byte form: 3 + 2 of them.
        Expect("hello"u8, [2, .. "hello"u8, 17, 0, 0]);

        // A long repeat of one byte: length 2 + 31 + 255 + 10.
        Expect([.. "zzzz"u8, .. Enumerable.Repeat((byte)'z', 298)], [21, .. "zzzz"u8, 0x20, 0, 10, 0, 0, 17, 0, 0]);
    }

    [Fact]
    public void What_liblzo2_compresses_comes_back()
    {
        Assert.SkipUnless(NativeLibrary.TryLoad("liblzo2.so.2", out _), "liblzo2 is not installed");
        Gen.Select(Gen.Int[1, 256], Gen.Int[0, 60], Gen.Int).Sample(
            (values, repeats, seed) =>
            {
                Random random = new(seed);
                byte[] page = new byte[4096];
                for (int i = 0; i < page.Length; i++)
                {
                    page[i] = (byte)random.Next(values);
                }

                for (int i = 0; i < repeats; i++)
                {
                    int length = random.Next(2, 900);
                    int from = random.Next(page.Length - length);
                    page.AsSpan(from, length).CopyTo(page.AsSpan(random.Next(page.Length - length)));
                }

                byte[] compressed = new byte[8192];
                nuint size = 0;
                Assert.Equal(0, Compress(page, (nuint)page.Length, compressed, ref size, new byte[LibraryWorkBytes]));
                byte[] destination = new byte[page.Length];
                Assert.True(Lzo1x.TryDecompress(compressed.AsSpan(0, (int)size), destination));
                Assert.Equal(page, destination);
                Assert.False(Lzo1x.TryDecompress(compressed.AsSpan(0, (int)size - 1), destination));
                Assert.False(Lzo1x.TryDecompress(compressed.AsSpan(0, (int)size), new byte[page.Length - 1]));
            },
            iter: 1_000);
    }

    [Fact]
    public void Garbage_is_refused_or_fills_the_page() => Gen.Byte.Array[0, 300].Sample(
        bytes =>
        {
            byte[] page = new byte[64];
            if (Lzo1x.TryDecompress(bytes, page))
            {
                // The end of a stream, which only a distance of 16384 is.
                Assert.Equal(0, bytes[^1]);
            }
        },
        iter: 20_000);

    private static void Expect(ReadOnlySpan<byte> plain, byte[] block)
    {
        byte[] destination = new byte[plain.Length];
        Assert.True(Lzo1x.TryDecompress(block, destination));
        Assert.Equal(plain.ToArray(), destination);
    }

    [LibraryImport("liblzo2.so.2", EntryPoint = "lzo1x_1_compress")]
    private static partial int Compress(byte[] source, nuint length, byte[] destination, ref nuint written, byte[] work);
}
