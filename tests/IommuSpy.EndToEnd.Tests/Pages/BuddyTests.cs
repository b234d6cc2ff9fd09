using System.Globalization;
using IommuSpy.Analysis;
using IommuSpy.Linux.Pages;
using IommuSpy.Linux.Zones;
using IommuSpy.Memory;

namespace IommuSpy.EndToEnd.Tests.Pages;

/// <summary>Zones and free blocks, against the guest's /proc/buddyinfo and zoneinfo, and against the struct pages of every page frame.</summary>
public class BuddyTests
{
    // The collector reads buddyinfo before it looks at every process, which fills the caches of directory entries and inodes: some hundreds of pages.
    private const ulong MostPagesTaken = 2048;

    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void Zones_are_the_kernels(string guest)
    {
        ZoneTable table = GuestMachine.Open(guest, "ram.raw").Parts.Zones.Required;
        string[][] theirs =
            [.. File.ReadLines(Guests.Capture(guest).GuestOracle("buddyinfo")).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))];
        MemoryZone[] zones = [.. table.Zones];
        Assert.Equal(theirs.Select(line => (line[1].TrimEnd(','), line[3])),
            zones.Select(zone => (zone.Node.ToString(CultureInfo.InvariantCulture), zone.Name)));
        for (int i = 0; i < zones.Length; i++)
        {
            ulong[] counts = [.. theirs[i][4..].Select(number => ulong.Parse(number, CultureInfo.InvariantCulture))];
            Assert.Equal(counts.Length, zones[i].Orders.Count);
            ulong free = counts.Select((count, order) => count << order).Aggregate((sum, pages) => sum + pages);
            Assert.True(Math.Max(free, zones[i].FreePages) - Math.Min(free, zones[i].FreePages) <= MostPagesTaken,
                $"{zones[i].Name}: {free} pages free by the kernel, {zones[i].FreePages} by us");
        }

        // Numbers that do not move: zoneinfo's lines of each zone that has memory.
        string[][] zoneinfo =
            [.. File.ReadLines(Guests.Capture(guest).GuestOracle("zoneinfo")).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Where(line => line.Length >= 2)];
        ulong[] numbers(string name) => [.. zoneinfo.Where(line => line[0] == name).Select(line => ulong.Parse(line[1], CultureInfo.InvariantCulture))];
        Assert.Equal(numbers("managed").Where(number => number > 0), zones.Select(zone => zone.Managed!.Value));
        Assert.Equal(numbers("present").Where(number => number > 0), zones.Select(zone => zone.Present!.Value));
        Assert.Equal(numbers("spanned").Where(number => number > 0), zones.Select(zone => zone.Spanned));
    }

    /// <summary>What the lists hold, what the zone counts, and what each page says of itself are three ways to the same free memory.</summary>
    [Theory]
    [MemberData(nameof(Guests.Images), MemberType = typeof(Guests))]
    public void Lists_counts_and_struct_pages_agree_on_every_free_page(string guest, string image)
    {
        Machine machine = GuestMachine.Open(guest, image);
        HashSet<ulong> listed = [];
        PageCursor cursor = new(machine.Parts.Pages.Required, new byte[1 << 16]);
        foreach (MemoryZone zone in machine.Parts.Zones.Required.Zones)
        {
            foreach (FreeBlocks blocks in zone.Orders)
            {
                Assert.Equal(blocks.Count, blocks.Listed);
                foreach (PageFrame first in blocks.Lists.SelectMany(list => list.Blocks))
                {
                    Assert.True(zone.Contains(first));
                    Assert.True(cursor.MoveTo(first));
                    Assert.Equal(PageType.Buddy, cursor.Type);
                    Assert.Equal((ulong)blocks.Order, cursor.Page.Private);
                    for (ulong i = 0; i < 1UL << blocks.Order; i++)
                    {
                        Assert.True(listed.Add(first.Number + i));
                    }
                }

                Assert.All(blocks.Lists, list => Assert.Null(list.Damage));
            }

            foreach (CpuFreePages kept in zone.CpuLists)
            {
                Assert.Null(kept.Damage);
                Assert.Equal(kept.Count, kept.Blocks.Aggregate(0UL, (sum, block) => sum + (1UL << block.Order)));
            }
        }

        foreach (PageSection section in machine.Parts.Pages.Required.Array.Sections)
        {
            for (ulong i = 0; i < PageSection.Frames; i++)
            {
                PageFrame frame = new(section.First.Number + i);
                if (section.Shows(frame) && cursor.MoveTo(frame) && cursor.IsFree != listed.Contains(frame.Number))
                {
                    Assert.Fail($"{frame}: free by its struct page: {cursor.IsFree}; on a list: {listed.Contains(frame.Number)}");
                }
            }
        }
    }
}
