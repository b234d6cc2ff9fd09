using CsCheck;
using IommuSpy.Memory.Formats.Kdump;

namespace IommuSpy.Memory.Tests.Kdump;

/// <summary>Ranks and runs against counting one bit after another.</summary>
public class RankedBitmapTests
{
    [Fact]
    public void Ranks_and_runs_are_those_of_the_bits() =>
        Gen.Select(Gen.OneOf(Gen.Byte, Gen.Const((byte)0), Gen.Const((byte)0xff)).Array[0, 300], Gen.ULong[0, 2500], Gen.ULong[0, 2500], Gen.ULong[0, 2500])
            .Sample(
        (bytes, bits, start, end) =>
        {
            RankedBitmap bitmap = new(bytes, bits);
            bool[] expected = [.. Enumerable.Range(0, (int)Math.Min(bits, (ulong)bytes.Length * 8)).Select(bit => (bytes[bit / 8] & (1 << (bit % 8))) != 0)];
            Assert.Equal((ulong)expected.Length, bitmap.Bits);
            ulong rank = 0;
            for (int bit = 0; bit < expected.Length; bit++)
            {
                Assert.Equal(expected[bit], bitmap[(ulong)bit]);
                Assert.Equal(rank, bitmap.Rank((ulong)bit));
                rank += expected[bit] ? 1UL : 0;
            }

            Assert.Equal(rank, bitmap.Count);
            Assert.Equal(rank, bitmap.Rank((ulong)expected.Length + 5));
            bool[] found = new bool[expected.Length];
            foreach ((ulong first, ulong count) in bitmap.Runs(start, end))
            {
                Assert.False(first > 0 && first > start && expected[first - 1]);
                found.AsSpan((int)first, (int)count).Fill(true);
            }

            Assert.Equal(expected.Select((set, bit) => set && (ulong)bit >= start && (ulong)bit < end), found);
        },
        iter: 1_000);
}
