using IommuSpy.Memory;
using IommuSpy.Testing.X64;
using IommuSpy.Translation.X64;

namespace IommuSpy.Translation.Tests;

public class NotMappedTests
{
    private static readonly VirtualAddress Mapped = new(0x7000_1234_5000);

    [Theory]
    [InlineData(4, 4, 1)]
    [InlineData(4, 1, 4)]
    [InlineData(5, 5, 1)]
    [InlineData(5, 3, 3)]
    public void A_translation_ends_at_the_first_entry_that_is_not_present(int levels, int level, int steps)
    {
        const ulong swapLike = 0xdead_beef_0000_0ffe;
        using Machine machine = Machine.With(levels, tables => tables.Map4K(Mapped, new(0x5000)).SetEntry(Mapped, level, swapLike));
        AddressTranslation translation = machine.Space.Translate(Mapped);
        Assert.Null(machine.Translate(Mapped));
        Assert.Equal(TranslationOutcome.NotPresent, translation.Outcome);
        Assert.Equal(steps, translation.Steps.Count);
        Assert.Equal((swapLike, false, false), (translation.Last!.Entry, translation.Last.Present, translation.Last.IsLeaf));
        Assert.Equal((0UL, AccessRights.None), (translation.PageSize, translation.Rights));
        Assert.Empty(machine.Visit(out _));
    }

    [Theory]
    [InlineData(4, 0x0000_8000_0000_0000)]
    [InlineData(4, 0xffff_7fff_ffff_ffff)]
    [InlineData(4, 0x0001_0000_0000_0000)]
    [InlineData(4, 0x8000_0000_0000_0000)]
    [InlineData(4, 0xff00_0000_0000_0000)]
    [InlineData(5, 0x0100_0000_0000_0000)]
    [InlineData(5, 0xfeff_ffff_ffff_ffff)]
    [InlineData(5, 0x8000_0000_0000_0000)]
    public void An_address_that_is_not_canonical_has_no_translation(int levels, ulong address)
    {
        // Every entry of the root is used, so only the address itself can be what is wrong.
        using Machine machine = Machine.With(levels, tables =>
        {
            for (int i = 0; i < 512; i++)
            {
                tables.SelfMap(i);
            }
        });
        AddressTranslation translation = machine.Space.Translate(new(address));
        Assert.False(machine.Space.IsCanonical(new(address)));
        Assert.Null(machine.Translate(new(address)));
        Assert.Equal(TranslationOutcome.NonCanonical, translation.Outcome);
        Assert.Empty(translation.Steps);
        Assert.Null(translation.Last);
        Assert.NotNull(machine.Translate(new(machine.Space.Mode.SignExtend(address))));
    }

    [Theory]
    [InlineData(4, 0x0000_7fff_ffff_ffff)]
    [InlineData(4, 0xffff_8000_0000_0000)]
    [InlineData(5, 0x00ff_ffff_ffff_ffff)]
    [InlineData(5, 0xff00_0000_0000_0000)]
    public void The_last_address_of_each_half_is_canonical(int levels, ulong address)
    {
        using Machine machine = Machine.With(levels, _ => { });
        Assert.True(machine.Space.IsCanonical(new(address)));
        Assert.Equal(12 + (9 * levels), machine.Space.AddressBits);
    }

    [Theory]
    [InlineData(4, 4, 1UL << 7)]
    [InlineData(5, 4, 1UL << 7)]
    [InlineData(5, 5, 1UL << 7)]
    [InlineData(4, 3, 1UL << 13)]
    [InlineData(4, 3, 1UL << 29)]
    [InlineData(4, 2, 1UL << 13)]
    [InlineData(4, 2, 1UL << 20)]
    public void A_reserved_bit_ends_every_kind_of_walk(int levels, int level, ulong bit)
    {
        using Machine machine = Machine.With(levels, tables =>
        {
            PageTableBuilder mapped = level switch
            {
                3 => tables.Map1G(Mapped, new(0)),
                2 => tables.Map2M(Mapped, new(0)),
                _ => tables.Map4K(Mapped, new(0x5000)),
            };
            mapped.ChangeEntry(Mapped, level, set: bit);
        });
        AddressTranslation translation = machine.Space.Translate(Mapped);
        Assert.Null(machine.Translate(Mapped));
        Assert.Equal(TranslationOutcome.ReservedBits, translation.Outcome);
        Assert.Equal((level, bit), (translation.Last!.Level, translation.Last.ReservedBits));
        Assert.Equal(AccessRights.None, translation.Rights);
        Assert.Empty(machine.Visit(out _));
    }

    [Theory]
    [InlineData(3, 1UL << 12)]
    [InlineData(3, 1UL << 30)]
    [InlineData(3, 1UL << 51)]
    [InlineData(3, 0x7ffUL << 52)]
    [InlineData(2, 1UL << 12)]
    [InlineData(2, 1UL << 21)]
    [InlineData(1, 1UL << 7)]
    [InlineData(1, 1UL << 13)]
    [InlineData(4, 1UL << 6)]
    [InlineData(4, 1UL << 8)]
    public void The_bits_beside_the_reserved_ones_are_not_reserved(int level, ulong bit) =>
        Assert.Equal(0UL, X64Format.ReservedBits(X64Entry.Present | (level is 2 or 3 ? X64Entry.PageSize : 0) | bit, level));

    [Theory]
    [InlineData(3)]
    [InlineData(6)]
    public void An_x86_64_space_has_4_or_5_levels(int levels) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => X64Format.Mode(levels));

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(7)]
    public void A_walker_refuses_depths_that_no_table_has(int levels)
    {
        TableWalker<X64Format> walker = new(new([]));
        Assert.Throws<ArgumentOutOfRangeException>(() => walker.Translate(new(0), levels, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => walker.TranslateMany(new(0), levels, new ulong[1], new ulong[1]));
        Assert.Throws<ArgumentOutOfRangeException>(() =>
        {
            LeafList visitor = new();
            walker.Visit(new(0), levels, ref visitor);
        });
    }
}
