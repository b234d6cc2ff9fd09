using IommuSpy.Memory;
using IommuSpy.Translation.X64;

namespace IommuSpy.Translation.Tests;

public class EncryptionBitTests
{
    private static readonly VirtualAddress Small = new(0x7000_1234_5000);
    private static readonly VirtualAddress Large = new(0xffff_8880_0020_0000);

    // 47 on the first EPYC, 51 on later ones.
    [Theory]
    [InlineData(4, 47)]
    [InlineData(5, 47)]
    [InlineData(4, 51)]
    [InlineData(5, 51)]
    public void The_c_bit_is_cleared_at_every_level_before_an_entry_is_used(int levels, int bit)
    {
        using Machine machine = Machine.With(levels, tables => tables.Map4K(Small, new(0x5000)).Map2M(Large, new(0x20_0000)), encryptionBit: 1UL << bit);
        Assert.Equal(new PhysicalAddress(0x5123), machine.Translate(Small + 0x123));
        Assert.Equal(new PhysicalAddress(0x20_0123), machine.Translate(Large + 0x123));
        Assert.Equal([0x5003UL, 0x20_0083], machine.Visit(out _).Select(leaf => leaf.Entry));
    }

    [Fact]
    public void A_translation_shows_entries_with_their_c_bit()
    {
        const ulong encrypted = 1UL << 51;
        using Machine machine = Machine.With(4, tables => tables.Map4K(Small, new(0x5000)), encryptionBit: encrypted);
        Assert.All(machine.Space.Translate(Small).Steps, step => Assert.NotEqual(0UL, step.Entry & encrypted));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Without_the_mask_one_c_bit_at_any_level_leads_outside_the_image(int level)
    {
        using Machine machine = Machine.With(4, tables => tables.Map4K(Small, new(0x5000)).ChangeEntry(Small, level, set: 1UL << 51));
        AddressSpace masked = AddressSpace.Of(machine.Memory, machine.Space.Root, X64Format.Mode(4, ~(1UL << 51)));
        Assert.NotEqual(new PhysicalAddress(0x5000), machine.Space.Translate(Small).Physical);
        Assert.Equal(new PhysicalAddress(0x5000), masked.Translate(Small).Physical);
    }
}
