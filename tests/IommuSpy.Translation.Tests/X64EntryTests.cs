using IommuSpy.Translation.X64;

namespace IommuSpy.Translation.Tests;

public class X64EntryTests
{
    // Entries as Linux 6.1 writes them, then every bit on its own, then the bits that mean something else elsewhere.
    [Theory]
    [InlineData(0x8000_0000_0000_0163, 1, "P RW A D G NX")]
    [InlineData(0x0000_0000_0000_0067, 4, "P RW US A")]
    [InlineData(0x0000_0000_0000_01e3, 2, "P RW A D PS G")]
    [InlineData(0x8000_0000_0000_0865, 1, "P US A D NX")]
    [InlineData(0x001, 1, "P")]
    [InlineData(0x003, 1, "P RW")]
    [InlineData(0x005, 1, "P US")]
    [InlineData(0x009, 1, "P PWT")]
    [InlineData(0x011, 1, "P PCD")]
    [InlineData(0x021, 1, "P A")]
    [InlineData(0x041, 1, "P D")]
    [InlineData(0x081, 1, "P PAT")]
    [InlineData(0x101, 1, "P G")]
    [InlineData(0x8000_0000_0000_0001, 1, "P NX")]
    [InlineData(0x1081, 2, "P PS PAT")]
    [InlineData(0x1081, 3, "P PS PAT")]
    [InlineData(0x1001, 1, "P")]
    [InlineData(0x1001, 2, "P")]
    [InlineData(0x0141, 2, "P")]
    [InlineData(0x0141, 4, "P")]
    [InlineData(0x0181, 4, "P PS")]
    [InlineData(0x0181, 5, "P PS")]
    [InlineData(0x7800_0000_0000_0005, 1, "P US PK=15")]
    [InlineData(0x0800_0000_0000_0085, 2, "P US PS PK=1")]
    [InlineData(0x7800_0000_0000_0001, 1, "P")]
    [InlineData(0x7800_0000_0000_0005, 2, "P US")]
    [InlineData(0xffff_ffff_ffff_ffff, 1, "P RW US PWT PCD A D G PAT PK=15 NX")]
    [InlineData(0xffff_ffff_ffff_ffff, 2, "P RW US PWT PCD A D PS G PAT PK=15 NX")]
    [InlineData(0xffff_ffff_ffff_ffff, 4, "P RW US PWT PCD A PS NX")]
    public void Flags_have_the_manuals_names_where_they_apply(ulong entry, int level, string names) =>
        Assert.Equal(names, string.Join(' ', X64Entry.FlagNames(entry, level)));

    [Theory]
    [InlineData(5, "PML5")]
    [InlineData(4, "PML4")]
    [InlineData(3, "PDPT")]
    [InlineData(2, "PD")]
    [InlineData(1, "PT")]
    public void Levels_have_the_manuals_names(int level, string name) => Assert.Equal(name, X64Entry.LevelName(level));

    [Theory]
    [InlineData(0)]
    [InlineData(6)]
    public void Other_levels_have_no_name(int level) => Assert.Throws<ArgumentOutOfRangeException>(() => X64Entry.LevelName(level));
}
