using IommuSpy.Memory.Sources.Qemu;

namespace IommuSpy.Memory.Tests.Live;

/// <summary>What a monitor says of memory.</summary>
public sealed class MonitorTextTests
{
    [Theory]
    [InlineData("0000000000000000-00000000ffffffff", false)]
    [InlineData("0000000000000000-000fffffffffffff", true)]
    public void More_RAM_than_any_guest_has_is_too_much(string range, bool isTooMuch)
    {
        List<RamRun> runs = MonitorText.Ram($"FlatView #0\n AS \"memory\", root: system\n  {range} (prio 0, ram): ram0\n");
        Assert.Single(runs);
        Assert.Equal(isTooMuch, MonitorText.IsTooMuch(runs));
    }
}
