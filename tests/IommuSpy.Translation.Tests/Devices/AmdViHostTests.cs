using IommuSpy.Translation.Devices;

namespace IommuSpy.Translation.Tests.Devices;

/// <summary>AMD-Vi host tables, entry by entry (AMD 48882, 2.2.3).</summary>
public class AmdViHostTests
{
    private const ulong Root = BuiltTables.Root;
    private const ulong All = 1 | (3UL << 61);

    [Fact]
    public void A_table_may_skip_levels_for_addresses_that_have_no_bits_there()
    {
        // A root of level 4 whose first entry leads to a table of level 1.
        using BuiltMemory memory = BuiltTables.Build((Root, 0x2_0000 | All | Next(1)), (0x2_0018, 0x5000 | All));
        IoAddressSpace space = Space(memory, 4);
        Assert.Equal(0x5123UL, BuiltTables.Translate(space, 0x3123).Physical?.Value);
        Assert.Equal(TranslationOutcome.LevelSkipped, BuiltTables.Translate(space, 0x3123 + (1UL << 21)).Outcome);
        Assert.Equal(TranslationOutcome.LevelSkipped, BuiltTables.Translate(space, 0x3123 + (1UL << 30)).Outcome);
    }

    [Theory]
    [InlineData(1, 12)]
    [InlineData(2, 21)]
    [InlineData(3, 30)]
    [InlineData(4, 39)]
    public void A_page_of_the_levels_own_size_can_stand_at_any_level(int level, int bits)
    {
        using BuiltMemory memory = BuiltTables.Build((Root + 8, (1UL << (bits + 1)) | All));
        AddressTranslation translation = BuiltTables.Translate(Space(memory, level), (1UL << bits) + 0x123);
        Assert.Equal((1UL << (bits + 1)) + 0x123, translation.Physical?.Value);
        Assert.Equal(1UL << bits, translation.PageSize);
    }

    [Theory]
    [InlineData(1, 13)]
    [InlineData(1, 16)]
    [InlineData(1, 20)]
    [InlineData(2, 22)]
    [InlineData(2, 29)]
    public void A_coded_size_spans_entries_that_map_each_their_share(int level, int bits)
    {
        // Ones from bit 12 up to the bit below the last one of the offset, then a zero.
        ulong size = 1UL << bits;
        ulong entry = (4 * size) | ((size >> 1) - 0x1000) | All | Next(7);
        int slotBits = 12 + (9 * (level - 1));
        int slots = 1 << (bits - slotBits);
        using BuiltMemory memory = BuiltTables.Build([.. Enumerable.Range(0, slots).Select(slot => (Root + ((ulong)slot * 8), entry))]);
        IoAddressSpace space = Space(memory, level);
        for (ulong at = 0; at < size; at += 1UL << slotBits)
        {
            AddressTranslation translation = BuiltTables.Translate(space, at + 0x123);
            Assert.Equal((4 * size) + at + 0x123, translation.Physical?.Value);
            Assert.Equal(size, translation.PageSize);
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(6)]
    public void A_table_that_is_not_below_its_entry_is_refused(int next)
    {
        using BuiltMemory memory = BuiltTables.Build((Root, Root | All | Next(next)));
        Assert.Equal(TranslationOutcome.ReservedBits, BuiltTables.Translate(Space(memory, 2), 0).Outcome);
    }

    [Fact]
    public void A_coded_size_below_the_entrys_own_is_refused()
    {
        using BuiltMemory memory = BuiltTables.Build((Root, 0x5000_0000 | All | Next(7)));
        Assert.Equal(TranslationOutcome.ReservedBits, BuiltTables.Translate(Space(memory, 2), 0).Outcome);
    }

    [Fact]
    public void Rights_are_ANDed_with_the_device_entrys()
    {
        using BuiltMemory memory = BuiltTables.Build((Root, 0x5000 | All));
        IoAddressSpace space = new(memory.Memory, IoTableFormat.AmdViHost, new(Root), 1, AccessRights.Read);
        Assert.Equal(AccessRights.Read, BuiltTables.Translate(space, 0).Rights);
    }

    [Fact]
    public void Six_levels_translate_64_bits()
    {
        using BuiltMemory memory = BuiltTables.Build((Root + (127 * 8), 0x2_0000 | All | Next(1)), (0x2_0000, 0x5000 | All),
            (Root + (128 * 8), 0x2_0000 | All | Next(1)));
        IoAddressSpace space = Space(memory, 6);
        Assert.Equal(0x5001UL, BuiltTables.Translate(space, (127UL << 57) + 1).Physical?.Value);
        BuiltTables.Leaves leaves = new([]);
        space.Visit(ref leaves);
        Assert.Equal(127UL << 57, Assert.Single(leaves.Found).Address.Value);
    }

    private static ulong Next(int level) => (ulong)level << 9;

    private static IoAddressSpace Space(BuiltMemory memory, int levels) => new(memory.Memory, IoTableFormat.AmdViHost, new(Root), levels);
}
