using IommuSpy.Memory;

namespace IommuSpy.Translation.Tests;

public class VirtualReadTests
{
    private static readonly VirtualAddress Start = new(0x7000_0000_0000);

    public static TheoryData<Backing> Backings => [Backing.Mapped, Backing.Reader];

    [Theory, MemberData(nameof(Backings))]
    public void A_read_follows_pages_wherever_they_are(Backing backing)
    {
        using Machine machine = Machine.With(
            4,
            (tables, memory) =>
            {
                tables.Map4K(Start, new(0x6000)).Map4K(Start + 0x1000, new(0x5000)).Map4K(Start + 0x2000, new(0x6000));
                memory.Write(new(0x6000), [1, 2]).Write(new(0x6ffe), [3, 4]).Write(new(0x5000), [5, 6]).Write(new(0x5ffe), [7, 8]);
            },
            backing);
        byte[] bytes = new byte[0x1004];
        Assert.Equal(bytes.Length, machine.Space.Read(Start + 0xffe, bytes));
        Assert.Equal([3, 4, 5, 6], bytes[..4]);
        Assert.Equal([7, 8, 1, 2], bytes[^4..]);
        Assert.True(machine.Space.TryRead(Start + 0xffc, out ulong word));
        Assert.Equal(0x0605_0403_0000UL, word);
    }

    [Theory, MemberData(nameof(Backings))]
    public void A_read_stops_at_the_first_page_that_is_not_mapped(Backing backing)
    {
        using Machine machine = Machine.With(4, tables => tables.Map4K(Start, new(0x6000)).Map4K(Start + 0x2000, new(0x6000)), backing);
        Assert.Equal(0x10, machine.Space.Read(Start + 0xff0, new byte[0x2000]));
        Assert.Equal(0, machine.Space.Read(Start + 0x1000, new byte[1]));
        Assert.Equal(0, machine.Space.Read(Start, []));
        Assert.False(machine.Space.TryRead(Start + 0xff9, out ulong word));
        Assert.Equal(0UL, word);
        Assert.True(machine.Space.TryRead(Start + 0xff8, out _));
    }

    [Theory, MemberData(nameof(Backings))]
    public void A_read_stops_where_the_image_ends_inside_a_page(Backing backing)
    {
        using Machine machine = Machine.With(4, (tables, _) => tables.Map2M(Start, new(0)), backing, ramBytes: (1 << 20) + 0x123);
        byte[] bytes = new byte[(1 << 20) + 0x1000];
        Assert.Equal((1 << 20) + 0x123, machine.Space.Read(Start, bytes));
    }

    [Theory, MemberData(nameof(Backings))]
    public void A_read_crosses_from_a_large_page_into_a_small_one(Backing backing)
    {
        using Machine machine = Machine.With(
            4,
            (tables, memory) =>
            {
                tables.Map2M(Start, new(0x4000_0000)).Map4K(Start + 0x20_0000, new(0x5000));
                memory.AddRam(new(0x401f_f000), 0x1000).Write(new(0x401f_ffff), [1]).Write(new(0x5000), [2]);
            },
            backing);
        byte[] bytes = new byte[2];
        Assert.Equal(2, machine.Space.Read(Start + 0x1f_ffff, bytes));
        Assert.Equal([1, 2], bytes);
    }

    [Theory, MemberData(nameof(Backings))]
    public void A_read_ends_with_the_address_space_and_does_not_go_on_at_0(Backing backing)
    {
        using Machine machine = Machine.With(4, tables => tables.Map4K(new(0xffff_ffff_ffff_f000), new(0x6000)).Map4K(new(0), new(0x6000)), backing);
        Assert.Equal(4, machine.Space.Read(new(0xffff_ffff_ffff_fffc), new byte[8]));
        Assert.False(machine.Space.TryRead(new(0xffff_ffff_ffff_fffc), out _));
        Assert.True(machine.Space.TryRead(new(0xffff_ffff_ffff_fff8), out _));
    }

    [Fact]
    public void A_read_ends_with_the_lower_half()
    {
        using Machine machine = Machine.With(4, tables => tables.Map4K(new(0x7fff_ffff_f000), new(0x6000)).Map4K(new(0xffff_8000_0000_0000), new(0x6000)));
        Assert.Equal(0x800, machine.Space.Read(new(0x7fff_ffff_f800), new byte[0x1000]));
    }
}
