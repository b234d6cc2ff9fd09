using IommuSpy.Memory.Systems;

namespace IommuSpy.Memory.Tests.Live;

public class IomemEntryTests
{
    [Fact]
    public void Lines_keep_their_depth_and_name()
    {
        IReadOnlyList<IomemEntry> entries =
            IomemEntry.Parse("00001000-0009fbff : System RAM\n100000000-1ffffffff : Persistent Memory\n  100000000-17fffffff : System RAM (kmem)\n    "
                + "100000000-100000fff : a : b\n");
        Assert.Equal([0, 0, 1, 2], entries.Select(entry => entry.Depth));
        Assert.Equal("a : b", entries[3].Name);
        Assert.Equal(new PhysicalRange(new(0x1000), 0x9ec00), entries[0].Range);
    }

    [Fact]
    public void Memory_is_whole_pages_of_System_RAM_at_any_depth() => Assert.Equal(
        [new PhysicalRange(new(0x1000), 0x9e000), new PhysicalRange(new(0x1_0000_0000), 0x8000_0000)],
        IomemEntry.Memory(
            IomemEntry.Parse("00000400-0009fbff : System RAM\n100000000-1ffffffff : Persistent Memory\n  100000000-17fffffff : System RAM (kmem)\n")));

    [Theory]
    [InlineData("")]
    [InlineData("00000000-00000000 : System RAM\n00000000-00000000 : Reserved\n")]
    [InlineData("nonsense\n2-1 : System RAM\n-1 : x\n0-ffffffffffffffff : System RAM\nzz-11 : System RAM\n")]
    public void What_tells_nothing_is_empty(string text) => Assert.Empty(IomemEntry.Parse(text));
}
