using IommuSpy.Analysis.Log;
using IommuSpy.Linux.Types;
using IommuSpy.Testing.Kernel;

namespace IommuSpy.Analysis.Tests.Log;

/// <summary>The log message by message: joined, chosen, explained.</summary>
public class LogListTests
{
    [Fact]
    public void What_continues_a_line_is_joined_to_it()
    {
        LogRow[] rows = Rows(new(), ring => ring.Add("one ", flags: 8).Add("two ", flags: 8).Add("three", flags: 10, nanoseconds: 9).Add("four"));
        Assert.Equal(["one two three", "four"], rows.Select(row => row.Text));
        Assert.Equal(1_500_000_000UL, rows[0].Message.Nanoseconds);
    }

    [Fact]
    public void Levels_facility_and_time_choose()
    {
        static void write(LogRingBuilder ring) => ring.Add("a", level: 3, nanoseconds: 1_000_000_000).Add("b", level: 6, nanoseconds: 2_000_000_000)
            .Add("c", level: 4, facility: 1, nanoseconds: 3_000_000_000);
        Assert.Equal(["a", "c"], Rows(new(Levels: new HashSet<int> { 3, 4 }), write).Select(row => row.Text));
        Assert.Equal(["c"], Rows(new(Facility: 1), write).Select(row => row.Text));
        Assert.Equal(["b", "c"], Rows(new(Since: LogMoment.Parse("2")), write).Select(row => row.Text));
        Assert.Equal(["a", "b"], Rows(new(Until: LogMoment.Parse("2.0")), write).Select(row => row.Text));
        Assert.Throws<MissingTypeException>(() => Rows(new(Since: LogMoment.Parse("2026-11-29")), write));
    }

    [Fact]
    public void The_function_that_a_message_is_about_has_its_address()
    {
        LogRow[] rows = Rows(new(), ring => ring.Add("a", subsystem: "pci", handle: "+pci:0000:00:1f.2").Add("b", subsystem: "block", handle: "b259:1"));
        Assert.Equal(["0000:00:1f.2", null], rows.Select(row => row.Device));
    }

    [Fact]
    public void An_event_of_an_IOMMU_is_explained_at_its_own_line_also_where_others_come_between()
    {
        LogRow[] rows = Rows(new(Faults: true), ring => ring.Add("before")
            .Add("DMAR: [DMA Read NO_PASID] Request device [00:1f.2] fault addr 0x1000 [fault reason 0x06] PTE Read access is not set", level: 3)
            .Add("between")
            .Add("DMAR: [DMA Read NO_PASID] Request device [00:1f.2] fault addr 0x1000 [fault reason 0x06] PTE Read access is not set", level: 3)
            .Add("after"), sizeBits: 12);
        Assert.Equal(["before", "DMAR", "between", "DMAR", "after"], rows.Select(row => row.Text.Split(':')[0]));
        Assert.Equal([false, true, false, true, false], rows.Select(row => row.Fault is not null));
        Assert.Equal("0000:00:1f.2", rows[1].Fault!.Device);
    }

    [Theory]
    [InlineData("12.5", true)]
    [InlineData("2026-11-29 13:05", true)]
    [InlineData("2026-11-29T13:05:00+01:00", true)]
    [InlineData("yesterday", false)]
    [InlineData("-5", false)]
    [InlineData("", false)]
    public void A_moment_is_seconds_or_a_time_of_day(string text, bool isOne) => Assert.Equal(isOne, LogMoment.Parse(text) is not null);

    private static LogRow[] Rows(LogQuery query, Action<LogRingBuilder> write, int sizeBits = 8)
    {
        using SyntheticMachine machine = SyntheticMachine.Of(
            new() { MoreVariables = LogRingBuilder.Variables }, (memory, kernel) => write(new(memory, kernel, sizeBits: sizeBits)));
        List<LogRow> rows = [];
        Assert.Empty(LogList.Read(machine.Machine, query, rows.Add));
        return [.. rows];
    }
}
