namespace IommuSpy.Memory.Tests.Views;

/// <summary>Memory that shows pieces of another one, as a virtual machine's shows its host's: mapped ones and those behind a reader.</summary>
public class MemoryPiecesTests
{
    private const ulong Page = PageFrame.Size;

    [Theory]
    [InlineData(Backing.Mapped)]
    [InlineData(Backing.Reader)]
    public void Each_piece_has_the_bytes_of_its_source(Backing backing)
    {
        PhysicalMemoryBuilder builder = new PhysicalMemoryBuilder().AddRam(new(0), 8 * Page);
        for (ulong page = 0; page < 8; page++)
        {
            builder.Write(new(page * Page), 0x1000 + page);
            builder.Write(new((page * Page) + Page - 8), 0x2000 + page);
        }

        using BuiltMemory built = builder.Build(backing);
        PhysicalMemory memory = PhysicalMemory.Of(built.Memory,
        [
            new(new(new(0), Page), new(5 * Page)), new(new(new(Page), 2 * Page), new(2 * Page)), new(new(new(3 * Page), Page), null),
            new(new(new(4 * Page), Page), null, "swapped out"), new(new(new(1UL << 32), Page), new(5 * Page)), new(new(new(1UL << 33), Page), new(64 * Page)),
        ]);
        Assert.Equal(0x1005UL, Word(memory, 0));
        Assert.Equal(0x1002UL, Word(memory, Page));
        Assert.Equal(0x1003UL, Word(memory, 2 * Page));
        Assert.Equal(0x1005UL, Word(memory, 1UL << 32));
        Assert.Equal(0UL, Word(memory, 3 * Page));

        // Over the edge of two pieces, whose sources do not touch.
        byte[] edge = new byte[16];
        Assert.Equal(16, memory.Read(new(Page - 8), edge));
        Assert.Equal((0x2005UL, 0x1002UL), (BitConverter.ToUInt64(edge), BitConverter.ToUInt64(edge, 8)));

        Assert.False(memory.TryRead(new(4 * Page), out _));
        Assert.Equal("swapped out", memory.AbsenceOf(new((4 * Page) + 5)));
        Assert.Null(memory.AbsenceOf(new(3 * Page)));
        Assert.Equal("not in the image", memory.AbsenceOf(new(1UL << 33)));
        Assert.False(memory.TryRead(new(1UL << 33), out _));
        Assert.Equal((5 * Page) + (2 * Page), memory.ByteCount);
        Assert.Equal(Page, memory.LostBytes);
        Assert.Equal([0UL, 1UL << 32, 1UL << 33], memory.DataRanges.Select(range => range.Start.Value).Order());
    }

    [Fact]
    public void Pieces_that_overlap_are_refused()
    {
        using BuiltMemory built = new PhysicalMemoryBuilder().AddRam(new(0), 8 * Page).Build(Backing.Mapped);
        Assert.Throws<MemoryImageException>(() => PhysicalMemory.Of(built.Memory,
            [new(new(new(0), 2 * Page), new(0)), new(new(new(Page), Page), new(0))]));
    }

    private static ulong Word(PhysicalMemory memory, ulong address)
    {
        Assert.True(memory.TryRead(new(address), out ulong value));
        Assert.True(memory.TryGet(new(address), new byte[8], out ReadOnlySpan<byte> bytes));
        Assert.Equal(value, BitConverter.ToUInt64(bytes));
        return value;
    }
}
