namespace IommuSpy.Memory.Tests;

public class PhysicalMemoryTests
{
    public static TheoryData<Backing> Backings => [Backing.Mapped, Backing.Reader];

    [Theory, MemberData(nameof(Backings))]
    public void Reads_stop_at_the_last_byte_of_a_run(Backing backing)
    {
        using BuiltMemory built = new PhysicalMemoryBuilder().AddRam(new(0x1000), 0x10).Write(new(0x100f), [7]).Build(backing);
        PhysicalMemory memory = built.Memory;
        byte[] four = new byte[4];
        Assert.Equal(1, memory.Read(new(0x100f), four));
        Assert.Equal(7, four[0]);
        Assert.Equal(0, memory.Read(new(0x1010), four));
        Assert.Equal(0, memory.Read(new(0xfff), four));
        Assert.Equal(0, memory.Read(new(0x100f), []));
        Assert.True(memory.Contains(new(0x100f)));
        Assert.False(memory.Contains(new(0x1010)));
        Assert.False(memory.Contains(new(0xfff)));
    }

    [Theory, MemberData(nameof(Backings))]
    public void Words_need_all_of_their_8_bytes(Backing backing)
    {
        using BuiltMemory built = new PhysicalMemoryBuilder().AddRam(new(0x1000), 0x10).Write(new(0x1008), 0x8877_6655_4433_2211).Build(backing);
        Assert.True(built.Memory.TryRead(new(0x1008), out ulong value));
        Assert.Equal(0x8877_6655_4433_2211, value);
        Assert.False(built.Memory.TryRead(new(0x1009), out value));
        Assert.Equal(0UL, value);
        Assert.False(built.Memory.TryRead(new(0xff9), out _));
    }

    [Theory, MemberData(nameof(Backings))]
    public void Reads_cross_runs_that_touch_and_stop_at_a_hole(Backing backing)
    {
        using BuiltMemory built = new PhysicalMemoryBuilder()
            .AddRam(new(0x1008), 0x8).AddRam(new(0x1000), 0x8).AddRam(new(0x1011), 0x8)
            .Write(new(0x1000), 0x0706_0504_0302_0100).Write(new(0x1008), 0x0f0e_0d0c_0b0a_0908).Build(backing);
        byte[] bytes = new byte[32];
        Assert.Equal(16, built.Memory.Read(new(0x1000), bytes));
        Assert.Equal(Enumerable.Range(0, 16).Select(i => (byte)i), bytes[..16]);
        Assert.True(built.Memory.TryRead(new(0x1004), out ulong across));
        Assert.Equal(0x0b0a_0908_0706_0504UL, across);
        Assert.False(built.Memory.TryGetSpan(new(0x1004), 8, out _));
        Assert.True(built.Memory.TryGet(new(0x1004), new byte[8], out ReadOnlySpan<byte> joined));
        Assert.Equal([4, 5, 6, 7, 8, 9, 10, 11], joined.ToArray());
        Assert.Equal([new(new(0x1000), 0x10), new(new(0x1011), 0x8)], built.Memory.Ranges);
        Assert.Equal(0x18UL, built.Memory.ByteCount);
    }

    [Theory, MemberData(nameof(Backings))]
    public void Memory_up_to_the_last_address_does_not_wrap_to_the_first(Backing backing)
    {
        using BuiltMemory built = new PhysicalMemoryBuilder()
            .AddRam(new(ulong.MaxValue - 7), 8).AddRam(new(0), 8)
            .Write(new(ulong.MaxValue - 7), 0x1111_1111_1111_1111).Write(new(0), 0x2222_2222_2222_2222).Build(backing);
        byte[] bytes = new byte[16];
        Assert.Equal(8, built.Memory.Read(new(ulong.MaxValue - 7), bytes));
        Assert.Equal(4, built.Memory.Read(new(ulong.MaxValue - 3), bytes));
        Assert.False(built.Memory.TryRead(new(ulong.MaxValue - 3), out _));
        Assert.True(built.Memory.TryRead(new(ulong.MaxValue - 7), out ulong last));
        Assert.Equal(0x1111_1111_1111_1111UL, last);
        Assert.Equal([new(new(0), 8), new(new(ulong.MaxValue - 7), 8)], built.Memory.Ranges);
    }

    [Fact]
    public void Spans_are_of_mapped_memory_only()
    {
        PhysicalMemoryBuilder builder = new PhysicalMemoryBuilder().AddRam(new(0x1000), 0x10).Write(new(0x1004), [1, 2, 3]);
        using BuiltMemory mapped = builder.Build(Backing.Mapped);
        using BuiltMemory read = builder.Build(Backing.Reader);
        Assert.True(mapped.Memory.TryGetSpan(new(0x1004), 3, out ReadOnlySpan<byte> span));
        Assert.Equal([1, 2, 3], span.ToArray());
        Assert.False(mapped.Memory.TryGetSpan(new(0x1000), 0x11, out _));
        Assert.False(mapped.Memory.TryGetSpan(new(0x1000), -1, out _));
        Assert.False(read.Memory.TryGetSpan(new(0x1004), 3, out span));
        Assert.True(span.IsEmpty);
    }

    [Fact]
    public void A_get_points_into_the_mapping_and_leaves_the_copy_alone()
    {
        using BuiltMemory built = new PhysicalMemoryBuilder().AddRam(new(0x1000), 0x10).Write(new(0x1004), [1, 2, 3]).Build(Backing.Mapped);
        byte[] copy = [9, 9, 9];
        Assert.True(built.Memory.TryGet(new(0x1004), copy, out ReadOnlySpan<byte> bytes));
        Assert.Equal([1, 2, 3], bytes.ToArray());
        Assert.Equal([9, 9, 9], copy);
    }

    [Fact]
    public void Memory_without_runs_has_nothing()
    {
        PhysicalMemory memory = new([]);
        Assert.False(memory.TryRead(new(0), out _));
        Assert.Equal(0, memory.Read(new(0), new byte[1]));
        Assert.Empty(memory.Ranges);
        Assert.Empty(memory.DataRanges);
        Assert.Equal(0UL, memory.ByteCount);
    }

    [Theory]
    [InlineData(0x1000, 0x1000, 0x1fff, 1)]
    [InlineData(0x1000, 0x1000, 0x1000, 0x1000)]
    [InlineData(0x1000, 0x1000, 0x0fff, 2)]
    [InlineData(0x1000, 0x1000, 0x1800, 0x10)]
    public void Overlapping_runs_are_refused_by_both_their_ranges(ulong start, ulong length, ulong otherStart, ulong otherLength)
    {
        PhysicalRange first = new(new(start), length);
        PhysicalRange second = new(new(otherStart), otherLength);
        string message = Assert.Throws<MemoryImageException>(() => new PhysicalMemory([Zeros(first), Zeros(second)])).Message;
        Assert.Contains(first.ToString(), message, StringComparison.Ordinal);
        Assert.Contains(second.ToString(), message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0x1000, 0)]
    [InlineData(ulong.MaxValue, 2)]
    [InlineData(2, ulong.MaxValue)]
    public void Runs_that_are_empty_or_pass_the_last_address_are_refused(ulong start, ulong length) =>
        Assert.Contains($"0x{start:x}", Assert.Throws<MemoryImageException>(() => new PhysicalMemory([Zeros(new(new(start), length))])).Message,
            StringComparison.Ordinal);

    [Fact]
    public void A_reader_that_stops_early_stops_the_read()
    {
        PhysicalMemory memory = new(
        [
            MemorySegment.Behind(new ArrayReader(new byte[] { 1, 2, 3 }), new(new(0x1000), 8)),
            Zeros(new(new(0x1008), 8)),
        ]);
        byte[] bytes = new byte[16];
        Assert.Equal(3, memory.Read(new(0x1000), bytes));
        Assert.False(memory.TryRead(new(0x1000), out _));
        Assert.False(memory.TryGet(new(0x1000), bytes, out _));
        Assert.Equal(0, memory.Read(new(0x1004), bytes));
        Assert.Equal(8, memory.Read(new(0x1008), bytes));
    }

    private static MemorySegment Zeros(PhysicalRange range) => MemorySegment.Behind(ZeroSegment.Instance, range);
}
