using IommuSpy.Memory.Search;

namespace IommuSpy.Memory.Tests.Search;

/// <summary>Searches of whole memories: over the borders of pieces and of runs, beside holes, in order.</summary>
public class MemorySearchTests
{
    private const ulong Piece = 1 << 20;

    private static readonly byte[] Needle = "needle!"u8.ToArray();

    [Theory]
    [InlineData(Piece - 3)]
    [InlineData(Piece - 7)]
    [InlineData(Piece)]
    [InlineData(PageFrame.Size - 1)]
    [InlineData((3 * Piece) - 7)]
    public void A_match_over_a_border_is_found_once(ulong at)
    {
        PhysicalMemoryBuilder made = new PhysicalMemoryBuilder().AddRam(new(0), 3 * Piece).Write(new(at), Needle);
        using TemporaryFile file = made.WriteRaw();
        using MemoryImage image = MemoryImage.Open(file.Path);
        Assert.Equal([at], Places(image.Layouts[0].Memory, Needle));
    }

    [Fact]
    public void What_ends_in_zeros_is_found_where_those_are_a_hole_of_the_file()
    {
        PhysicalMemoryBuilder made = new PhysicalMemoryBuilder().AddRam(new(0), Piece).Write(new((2 * PageFrame.Size) - 3), "end"u8);
        using TemporaryFile file = made.WriteRaw();
        using MemoryImage image = MemoryImage.Open(file.Path);
        PhysicalMemory memory = image.Layouts[0].Memory;
        Assert.Equal([(2UL * PageFrame.Size) - 3], Places(memory, [.. "end"u8, .. new byte[20]]));
        Assert.Equal([(2UL * PageFrame.Size) - 13], Places(memory, [.. new byte[10], .. "end"u8, 0]));
        Assert.Equal(Piece / PageFrame.Size, (ulong)Places(memory, new byte[8], PageFrame.Size).Length);
    }

    [Fact]
    public void What_is_not_there_is_no_match_of_zeros()
    {
        PhysicalMemory memory = new([MemorySegment.Behind(new ArrayReader(new byte[3 * PageFrame.Size]), new(new(0), 8 * PageFrame.Size))]);
        Assert.Equal(3, Places(memory, new byte[8], PageFrame.Size).Length);
    }

    [Fact]
    public void Matches_come_in_order_and_end_where_no_more_are_wanted()
    {
        PhysicalMemoryBuilder made = new PhysicalMemoryBuilder().AddRam(new(0), 8 * Piece);
        ulong[] places = [.. Enumerable.Range(0, 500).Select(i => (ulong)i * 16_001)];
        foreach (ulong place in places)
        {
            made.Write(new(place), Needle);
        }

        using TemporaryFile file = made.WriteRaw();
        using MemoryImage image = MemoryImage.Open(file.Path);
        PhysicalMemory memory = image.Layouts[0].Memory;
        Assert.Equal(places, Places(memory, Needle));
        List<ulong> some = [];
        PatternSet set = Set(Needle, 1);
        new MemorySearch(set, memory).Run(MemorySearch.RangesOf(memory, set), (address, _) =>
        {
            some.Add(address);
            return some.Count < 3;
        });
        Assert.Equal(places.Take(3), some);
        Assert.Equal(places.Where(place => place is >= 100_000 and < 200_000),
            Places(memory, Needle, within: new PhysicalRange(new(100_000), 100_000)));
    }

    private static PatternSet Set(byte[] bytes, int alignment) => new([new BytesPattern("", bytes, [.. bytes.Select(_ => (byte)0xff)], alignment)]);

    private static ulong[] Places(PhysicalMemory memory, byte[] bytes, int alignment = 1, PhysicalRange? within = null)
    {
        PatternSet set = Set(bytes, alignment);
        List<ulong> found = [];
        new MemorySearch(set, memory).Run(MemorySearch.RangesOf(memory, set, within), (address, match) =>
        {
            found.Add(address);
            return true;
        });
        return [.. found];
    }
}
