using IommuSpy.Analysis.Watch;
using IommuSpy.Linux.Tracing;
using IommuSpy.Memory;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Tests.Watch;

/// <summary>A domain whose events do not tell all that its tables say. Its tables map 0x200000 to 0x202000.</summary>
public sealed class WatchedDomainTests
{
    private const ulong Page = 4096;
    private const ulong First = 0x20_0000;
    private const long Began = 1;
    private const long Later = 5;

    [Fact]
    public void An_unmapping_that_no_event_told_is_taken_from_the_tables_and_said() => With(domain =>
    {
        domain.Map(0x40_0000, 3 * Page, Later);
        domain.Correct(Later + 1, () => []);
        Assert.Equal((2 * Page, 2, 3 * Page), Found(domain));
    });

    [Fact]
    public void A_mapping_that_no_event_told_is_taken_from_the_tables_and_said() => With(domain =>
    {
        domain.Unmap(First + Page, Page);
        domain.Correct(Later, () => []);
        Assert.Equal((2 * Page, 2, Page), Found(domain));
    });

    [Fact]
    public void What_events_tell_right_is_left_as_it_was_and_nothing_is_said() => With(domain =>
    {
        domain.Unmap(First, 2 * Page);
        domain.Map(First, 2 * Page, Later);
        domain.Correct(Later + 1, () => []);
        Assert.Equal((2 * Page, 1, 0UL), Found(domain));
        Assert.False(domain.Row(Began, Began, Later + 1).OldestIsFromBefore);
    });

    [Fact]
    public void What_happens_while_the_tables_are_read_was_told() => With(domain =>
    {
        // One was mapped before and is unmapped meanwhile, the other the other way round.
        domain.Map(0x40_0000, Page, Later);
        domain.Unmap(First, Page);
        domain.Correct(Later + 1, () => [Event(isMap: false, 0x40_0000), Event(isMap: true, First)]);
        Assert.Equal((2 * Page, 2, 0UL), Found(domain));
    });

    [Fact]
    public void Each_interval_says_its_own() => With(domain =>
    {
        domain.Map(0x40_0000, Page, Later);
        domain.Correct(Later + 1, () => []);
        domain.Reset();
        domain.Correct(Later + 2, () => []);
        Assert.Equal((2 * Page, 2, 0UL), Found(domain));
    });

    private static MappingEvent Event(bool isMap, ulong address) => new(Later + 1, isMap, null, "0000:00:02.0", new(address), Page);

    private static (ulong Mapped, int Mappings, ulong Corrected) Found(WatchedDomain domain)
    {
        WatchRow row = domain.Row(Began, Began, Later + 2);
        return (row.MappedBytes, row.Mappings, row.CorrectedBytes);
    }

    private static void With(Action<WatchedDomain> test)
    {
        PhysicalMemoryBuilder builder = new PhysicalMemoryBuilder().AddRam(default, 0x10000);
        builder.Write(new PhysicalAddress(0x1000), 0x2003UL);
        builder.Write(new PhysicalAddress(0x2000), 0x3003UL);
        builder.Write(new PhysicalAddress(0x3000 + 8), 0x4003UL); // 0x200000
        builder.Write(new PhysicalAddress(0x4000), 0x8003UL);
        builder.Write(new PhysicalAddress(0x4000 + 8), 0x9003UL);
        builder.Write(new PhysicalAddress(0xf000), 1UL);
        using BuiltMemory built = builder.Build(Backing.Mapped);
        WatchedDomain domain = new(["0000:00:02.0"], [], null, new(built.Memory, IoTableFormat.VtdSecondStage, new(0x1000), 4));
        domain.Look(MappingSet.Before);
        domain.Reset();
        test(domain);
    }
}
