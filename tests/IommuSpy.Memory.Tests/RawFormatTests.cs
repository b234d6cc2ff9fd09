namespace IommuSpy.Memory.Tests;

public class RawFormatTests
{
    private const ulong MiB = 1UL << 20;
    private const ulong GiB = 1UL << 30;

    [Fact]
    public void Whole_pages_stand_at_their_file_offset()
    {
        byte[] bytes = Pattern(3 * 4096);
        using TemporaryFile file = TemporaryFile.With(bytes);
        using MemoryImage image = MemoryImage.Open(file.Path);
        MemoryLayout layout = Assert.Single(image.Layouts);
        byte[] read = new byte[bytes.Length];
        Assert.Equal("raw", image.Format);
        Assert.False(image.DeclaresItsSize);
        Assert.Equal(file.Path, image.Path);
        Assert.Equal(bytes.Length, layout.Memory.Read(new(0), read));
        Assert.Equal(bytes, read);
        Assert.Equal([new PhysicalRange(new(0), 3 * 4096)], layout.Memory.Ranges);
        Assert.Empty(image.Damage);
        Assert.Empty(image.Notes);
        Assert.Empty(image.Cpus);
    }

    [Fact]
    public void An_odd_tail_is_left_out_and_said_so()
    {
        using TemporaryFile file = TemporaryFile.With(Pattern(4096 + 5));
        using MemoryImage image = MemoryImage.Open(file.Path);
        Assert.Equal(4096UL, image.Layouts[0].Memory.ByteCount);
        Assert.False(image.Layouts[0].Memory.Contains(new(4096)));
        string damage = Assert.Single(image.Damage);
        Assert.Contains("0x1005", damage, StringComparison.Ordinal);
        Assert.Contains("5 bytes", damage, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4095)]
    public void Less_than_a_page_is_refused(int length) => ImageAssert.Refused(Pattern(length), $"{length} bytes", "less than one page");

    [Theory]
    [InlineData(1024, new ulong[0])]
    [InlineData(2048, new ulong[0])]
    [InlineData(2049, new ulong[] { 2048 })]
    [InlineData(3072, new ulong[] { 2048, 2816 })]
    [InlineData(8192, new ulong[] { 2048, 3072, 2816, 3584, 3328 })]
    public void The_known_splits_below_the_length_are_offered_after_the_whole(ulong mebibytes, ulong[] splits)
    {
        using TemporaryFile file = TemporaryFile.Sparse((long)(mebibytes * MiB));
        using MemoryImage image = MemoryImage.Open(file.Path);
        Assert.Equal(
            [
                [new PhysicalRange(new(0), mebibytes * MiB)],
                .. splits.Select(split => new PhysicalRange[] { new(new(0), split * MiB), new(new(4 * GiB), (mebibytes - split) * MiB) }),
            ],
            image.Layouts.Select(layout => layout.Memory.Ranges.ToArray()));
    }

    [Fact]
    public void A_given_split_moves_the_rest_to_4_GiB()
    {
        byte[] bytes = Pattern(4 * 4096);
        using TemporaryFile file = TemporaryFile.With(bytes);
        using MemoryImage image = MemoryImage.Open(file.Path, new(RamSplit: 0x1000));
        PhysicalMemory memory = Assert.Single(image.Layouts).Memory;
        byte[] high = new byte[3 * 4096];
        Assert.Equal([new(new(0), 0x1000), new(new(4 * GiB), 0x3000)], memory.Ranges);
        Assert.Equal(high.Length, memory.Read(new(4 * GiB), high));
        Assert.Equal(bytes[4096..], high);
        Assert.False(memory.Contains(new(0x1000)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0x2000)]
    [InlineData(0x3000)]
    [InlineData(0x1_0000_0000)]
    public void A_split_of_zero_or_past_the_end_is_no_split(long split)
    {
        using TemporaryFile file = TemporaryFile.With(Pattern(0x2000));
        using MemoryImage image = MemoryImage.Open(file.Path, new(RamSplit: (ulong)split));
        Assert.Equal([new(new(0), 0x2000)], Assert.Single(image.Layouts).Memory.Ranges);
    }

    [Fact]
    public void A_split_at_4_GiB_leaves_no_hole()
    {
        using TemporaryFile file = TemporaryFile.Sparse((long)(5 * GiB));
        using MemoryImage image = MemoryImage.Open(file.Path, new(RamSplit: 4 * GiB));
        Assert.Equal([new(new(0), 5 * GiB)], Assert.Single(image.Layouts).Memory.Ranges);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0x1fff)]
    [InlineData(0x1_0000_1000)]
    public void A_split_that_no_machine_has_is_refused(long split)
    {
        using TemporaryFile file = TemporaryFile.With(Pattern(0x4000));
        string message = Assert.Throws<MemoryImageException>(() => MemoryImage.Open(file.Path, new(RamSplit: (ulong)split))).Message;
        Assert.Contains($"0x{split:x}", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Data_ranges_follow_the_holes_of_a_sparse_file_through_the_split()
    {
        const long split = 0x10_0000;
        using TemporaryFile file = TemporaryFile.Sparse(
            3 * split,
            (0, Pattern(4096)),
            (split - 4096, Pattern(8192)),
            ((2 * split) + 4096, Pattern(4096)));
        using MemoryImage image = MemoryImage.Open(file.Path, new(RamSplit: split));
        PhysicalMemory memory = image.Layouts[0].Memory;
        Assert.Equal(
            [
                new(new(0), 4096),
                new(new(split - 4096), 4096),
                new(new(4 * GiB), 4096),
                new(new((4 * GiB) + split + 4096), 4096),
            ],
            memory.DataRanges);
        Assert.Equal(3UL * split, memory.ByteCount);
    }

    [Fact]
    public void A_file_that_is_all_hole_has_memory_and_no_data()
    {
        using TemporaryFile file = TemporaryFile.Sparse(1 << 20);
        using MemoryImage image = MemoryImage.Open(file.Path);
        PhysicalMemory memory = image.Layouts[0].Memory;
        Assert.Empty(memory.DataRanges);
        Assert.True(memory.TryRead(new((1 << 20) - 8), out ulong value));
        Assert.Equal(0UL, value);
    }

    [Fact]
    public void A_file_of_alternating_holes_keeps_every_byte_of_data_in_its_data_ranges()
    {
        using TemporaryFile file = TemporaryFile.Sparse(200 * 8192, Enumerable.Range(0, 200).Select(i => (i * 8192L, Pattern(4096))));
        using MemoryImage image = MemoryImage.Open(file.Path);
        Assert.Equal(Enumerable.Range(0, 200).Select(i => new PhysicalRange(new((ulong)i * 8192), 4096)), image.Layouts[0].Memory.DataRanges);
    }

    private static byte[] Pattern(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)((i * 31) + 1))];
}
