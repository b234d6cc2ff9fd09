using IommuSpy.Analysis;
using IommuSpy.Analysis.Explain;
using IommuSpy.Analysis.Maps;
using IommuSpy.Lab;
using IommuSpy.Memory;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>Who maps a page: against the list of all that every process maps.</summary>
public class MappedByTests
{
    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void The_mappers_of_a_page_are_all_those_whose_leaves_hold_it(string guest)
    {
        Machine machine = GuestMachine.Open(guest, "ram.raw");
        List<(PhysicalAddress Root, Mapping Leaf)> leaves = [];
        foreach (PhysicalAddress root in machine.Kernel.ProcessTables!)
        {
            MappingList.Visit(machine, new(root, Last: new(0x00ff_ffff_ffff_ffff), SingleLeaves: true), leaf => leaves.Add((root, leaf)));
        }

        // Every 97th page that some process maps, so private, shared, file and huge ones, and one that none does.
        PhysicalAddress[] pages = [.. leaves.Where((_, i) => i % 97 == 0).Select(pair => pair.Leaf.Physical + (pair.Leaf.PageSize - 8)), machine.Kernel.Text.Physical];
        Assert.True(pages.Length > 10);
        foreach (PhysicalAddress page in pages)
        {
            string[] expected = [.. leaves
                .Where(pair => page.Value - pair.Leaf.Physical.Value < pair.Leaf.PageSize)
                .Select(pair => $"{pair.Root} 0x{pair.Leaf.Virtual.Value + (page.Value - pair.Leaf.Physical.Value):x16} {RightsText.Of(pair.Leaf.Rights)}")];
            Assert.Equal(expected, Explanation.Of(machine, page).MappedBy.Select(mapper => $"{mapper.Root} {mapper.Address} {mapper.Rights}"));
        }
    }

    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void A_page_that_a_fork_left_to_both_is_mapped_by_both_and_writable_by_neither(string guest)
    {
        Machine machine = GuestMachine.Open(guest, "ram.raw");
        WorkloadMapping shared = Guests.Capture(guest).Workload.First(mapping => mapping.Name == "copy-on-write");
        Explanation explanation = Explanation.Of(machine, new VirtualAddress(shared.Start));
        SpaceReport[] same = [.. explanation.Spaces.Where(space => explanation.Spaces.Count(other => other.Physical == space.Physical) > 1 && space.Physical is not null)];
        Assert.True(same.Length >= 2);
        Assert.All(same, space => Assert.Equal("user r--", space.Rights));
        Assert.Equal(same.Length, Explanation.Of(machine, same[0].Physical!.Value).MappedBy.Count);
    }
}
