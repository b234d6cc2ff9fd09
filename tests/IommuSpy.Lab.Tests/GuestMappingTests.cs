namespace IommuSpy.Lab.Tests;

public sealed class GuestMappingTests
{
    [Fact]
    public void LinesOfMapsAreRead()
    {
        Assert.Equal(
            new GuestMapping(0x400000, 0x401000, "r--p", "/bin/a file (deleted)"),
            GuestMapping.Parse("00400000-00401000 r--p 00000000 00:02 35                                 /bin/a file (deleted)"));
        Assert.Equal(new GuestMapping(0x7fff00000000, 0x7fff00001000, "rw-p", ""), GuestMapping.Parse("7fff00000000-7fff00001000 rw-p 00000000 00:00 0 "));
        Assert.True(GuestMapping.Parse("ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]").IsVsyscall);
    }

    [Fact]
    public void LinesOfTheWorkloadAreRead() =>
        Assert.Equal(new WorkloadMapping("swapped", 0x7fd214800000, 0x400000, 234), WorkloadMapping.Parse("swapped 0x7fd214800000 0x400000 234"));
}
