using IommuSpy.Analysis.Pages;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Tests.Pages;

/// <summary>What a zone counts and what its lists hold.</summary>
public class BuddyZoneReportTests
{
    [Fact]
    public void Lists_that_hold_what_is_counted_are_no_damage() => Assert.Empty(Report(counted: 2, cpuCounted: 8, listDamage: null).Damage);

    [Fact]
    public void A_list_that_ends_early_is_damage_where_the_count_says_more()
    {
        Assert.Equal(["order 1: the zone counts 5 free blocks, its lists hold 2"], Report(counted: 5, cpuCounted: 8, listDamage: null).Damage);
        Assert.Equal(["CPU 3: it counts 9 pages, its lists hold 8"], Report(counted: 2, cpuCounted: 9, listDamage: null).Damage);
    }

    [Fact]
    public void A_list_that_is_known_to_be_broken_is_named_once() =>
        Assert.Equal(["order 1, Movable: broken"], Report(counted: 5, cpuCounted: 8, listDamage: "broken").Damage);

    private static BuddyZoneReport Report(ulong counted, ulong cpuCounted, string? listDamage) => BuddyZoneReport.Of(new(
        0, 2, "Normal", new(0), 0x1000, null, null,
        [new(0, 0, [new("Movable", [], null)]), new(1, counted, [new("Movable", [new PageFrame(2), new PageFrame(8)], listDamage)])],
        [new(3, cpuCounted, [(new PageFrame(0x100), 3)], null)]));
}
