using IommuSpy.Analysis;
using IommuSpy.Analysis.Explain;
using IommuSpy.Analysis.Maps;
using IommuSpy.Analysis.Who;
using IommuSpy.Analysis.Wording;
using IommuSpy.Lab;
using IommuSpy.Memory;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>Who maps a page: against the list of all that every space maps.</summary>
public class MappedByTests
{
    private const int Pages = 1000;
    private const ulong LastUserAddress = 0x00ff_ffff_ffff_ffff;

    // espfix maps each of its pages thousands of times: a page is left out whose mappers are cut.
    private const int MostMappers = 1024;

    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void The_mappers_of_a_thousand_pages_are_all_those_whose_leaves_hold_them(string guest)
    {
        Machine machine = GuestMachine.Open(guest, "ram.raw");
        Dictionary<ulong, List<string>> mappers = [];
        List<(ulong First, ulong Frames, ulong Virtual, string Space)> large = [];
        void Add(string space, Mapping leaf)
        {
            if (leaf.PageSize == PageFrame.Size)
            {
                mappers.TryAdd(leaf.Physical.Frame.Number, []);
                mappers[leaf.Physical.Frame.Number].Add($"{space} {leaf.Virtual} {RightsText.Of(leaf.Rights)}");
            }
            else
            {
                large.Add((leaf.Physical.Frame.Number, leaf.PageSize >> PageFrame.Shift, leaf.Virtual.Value, $"{space} {{0}} {RightsText.Of(leaf.Rights)}"));
            }
        }

        foreach (PhysicalAddress root in machine.Kernel.ProcessTables!)
        {
            foreach (string owner in machine.Parts.OwnersOf(root).Select(task => $"{task.Pid}").DefaultIfEmpty(root.ToString()))
            {
                MappingList.Visit(machine, new(root, Last: new(LastUserAddress), SingleLeaves: true), leaf => Add(owner, leaf));
            }
        }

        HashSet<ulong> user = [.. mappers.Keys];
        MappingList.Visit(machine, new(First: new(~LastUserAddress), SingleLeaves: true), leaf => Add("kernel", leaf));

        // Half of the thousand are pages that processes map, so private, shared, file and huge ones; the others from all of memory, most of them mapped by the
        // kernel alone.
        Random random = new(1);
        PhysicalRange[] ranges = [.. machine.Kernel.Memory.Ranges];
        ulong[] frames =
        [
            .. random.GetItems(user.Order().ToArray(), Pages / 2),
            .. Enumerable.Range(0, Pages / 2).Select(_ => ranges[random.Next(ranges.Length)])
                .Select(range => range.Start.Frame.Number + (ulong)random.NextInt64((long)(range.Length >> PageFrame.Shift))),
        ];
        foreach (ulong frame in frames)
        {
            WhoReport who = WhoReport.Of(machine, new PageFrame(frame).Address);
            Assert.True(who.IsWhole);
            List<string> expected = [.. mappers.GetValueOrDefault(frame, [])];
            expected.AddRange(large.Where(leaf => frame - leaf.First < leaf.Frames)
                .Select(leaf =>
                    leaf.Space.Replace("{0}", $"{new VirtualAddress(leaf.Virtual + ((frame - leaf.First) << PageFrame.Shift))}", StringComparison.Ordinal)));
            if (expected.Count < MostMappers)
            {
                IEnumerable<string> found =
                    who.Processes.Select(mapper => $"{(mapper.Pid is int pid ? $"{pid}" : $"{mapper.Root}")} {mapper.Virtual} {mapper.Rights}")
                    .Concat(who.Kernel.Select(alias => $"kernel {alias.Virtual} {alias.Rights}"));
                Assert.Equal(expected.Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void A_page_that_a_fork_left_to_both_is_mapped_by_both_and_writable_by_neither(string guest)
    {
        Machine machine = GuestMachine.Open(guest, "ram.raw");
        WorkloadMapping shared = Guests.Capture(guest).Workload.First(mapping => mapping.Name == "copy-on-write");
        Explanation explanation = Explanation.Of(machine, new VirtualAddress(shared.Start));
        SpaceReport[] same =
            [.. explanation.Spaces.Where(space => explanation.Spaces.Count(other => other.Physical == space.Physical) > 1 && space.Physical is not null)];
        Assert.True(same.Length >= 2);
        Assert.Contains(same, space => space.Pid == shared.Pid);
        Assert.All(same, space => Assert.Equal("user r--", space.Rights));
        Assert.Equal(same.Length, Explanation.Of(machine, same[0].Physical!.Value).MappedBy.Count);
    }
}
