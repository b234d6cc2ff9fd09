using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace IommuSpy.Memory.Compression;

/// <summary>The checksum at the end of a zlib stream (RFC 1950, section 9).</summary>
internal static class Adler32
{
    private const uint Modulus = 65_521;

    // The most bytes after which the second sum still fits 32 bits.
    private const int MostBetweenReductions = 5_552;

    /// <summary>The checksum of <paramref name="data"/>.</summary>
    internal static uint Of(ReadOnlySpan<byte> data)
    {
        uint low = 1;
        uint high = 0;
        while (!data.IsEmpty)
        {
            ReadOnlySpan<byte> part = data[..Math.Min(data.Length, MostBetweenReductions)];
            data = data[part.Length..];
            if (Avx2.IsSupported && part.Length >= Vector256<byte>.Count)
            {
                int vectors = part.Length / Vector256<byte>.Count;
                AddVectors(part[..(vectors * Vector256<byte>.Count)], ref low, ref high);
                part = part[(vectors * Vector256<byte>.Count)..];
            }

            AddScalar(part, ref low, ref high);
            low %= Modulus;
            high %= Modulus;
        }

        return (high << 16) | low;
    }

    /// <summary>Byte by byte, for the ends and as the reference of the vectors.</summary>
    internal static void AddScalar(ReadOnlySpan<byte> data, ref uint low, ref uint high)
    {
        foreach (byte value in data)
        {
            low += value;
            high += low;
        }
    }

    // Of each 32 bytes: low grows by their sum, high by 32 times the low before them and by each byte times its distance from the end.
    private static void AddVectors(ReadOnlySpan<byte> data, ref uint low, ref uint high)
    {
        Vector256<sbyte> weights = Vector256.Create(32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5,
            4, 3, 2, (sbyte)1);
        Vector256<short> ones = Vector256.Create((short)1);
        Vector256<uint> sum = Vector256<uint>.Zero;
        Vector256<uint> before = Vector256<uint>.Zero;
        Vector256<uint> weighted = Vector256<uint>.Zero;
        uint vectors = (uint)(data.Length / Vector256<byte>.Count);
        for (int at = 0; at < data.Length; at += Vector256<byte>.Count)
        {
            Vector256<byte> bytes = Vector256.Create(data.Slice(at, Vector256<byte>.Count));
            before += sum;
            sum += Avx2.SumAbsoluteDifferences(bytes, Vector256<byte>.Zero).AsUInt32();
            weighted += Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(bytes, weights), ones).AsUInt32();
        }

        high += (low * vectors * (uint)Vector256<byte>.Count) + (Vector256.Sum(before) * (uint)Vector256<byte>.Count) + Vector256.Sum(weighted);
        low += Vector256.Sum(sum);
    }
}
