namespace IommuSpy.Memory.Tests;

/// <summary>Memory that changes, held still.</summary>
public class StillMemoryTests
{
    private const ulong Start = 0x1800; // inside a page

    [Fact]
    public void A_page_stays_as_it_was_first_read()
    {
        ChangingReader changing = new();
        PhysicalMemory memory = new([MemorySegment.Behind(changing, new(new(Start), 0x3800))]) { Changes = true };
        PhysicalMemory still = memory.Still();
        Assert.True(still.TryRead(new(0x2ff8), out ulong before));
        Assert.True(still.TryRead(new(0x2100), out _));
        Assert.Equal(1, changing.Reads);
        changing.Value++;
        Assert.True(memory.TryRead(new(0x2ff8), out ulong now));
        Assert.NotEqual(before, now);
        Assert.True(still.TryRead(new(0x2ff8), out ulong again));
        Assert.Equal(before, again);

        // Over the end of a page that is kept into one that is not, and up to the end of memory.
        byte[] both = new byte[0x3800];
        Assert.Equal(0x3800, still.Read(new(Start), both));
        Assert.Equal(changing.Value, both[0]);
        Assert.Equal(before & 0xff, both[0x2000 - (int)Start]);
        Assert.Equal(changing.Value, both[0x3000 - (int)Start]);
        Assert.Equal(0x800, still.Read(new(0x4800), both));
    }

    [Fact]
    public void Memory_that_does_not_change_is_itself()
    {
        PhysicalMemory memory = new([]);
        Assert.Same(memory, memory.Still());
    }

    private sealed class ChangingReader : ISegmentReader
    {
        public byte Value { get; set; } = 7;

        public int Reads { get; private set; }

        public int Read(ulong offset, Span<byte> destination)
        {
            Reads++;
            destination.Fill(Value);
            return destination.Length;
        }
    }
}
