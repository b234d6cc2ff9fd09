using CsCheck;
using IommuSpy.Analysis.Maps;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Tests.Maps;

/// <summary>What a space maps, as single leaves and merged, against a walk of four plain loops.</summary>
public class MappingListTests(SharedMachine shared) : IClassFixture<SharedMachine>
{
    private static readonly Gen<AccessRights> Rights = Gen.Int[0, 15].Select(bits => (AccessRights)bits);

    private Machine Machine => shared.Machine;

    private PhysicalAddress?[] Roots => [null, shared.Kernel.Processes[0].Root, shared.Kernel.Processes[0].UserHalf, shared.Kernel.TrampolineRoot];

    // The rights of a process's user addresses are those of the half that the CPU goes through in user mode.
    private NaiveLeaf[] Leaves(PhysicalAddress root)
    {
        PhysicalAddress user = shared.Kernel.Processes.FirstOrDefault(process => process.Root == root)?.UserHalf ?? root;
        return
        [
            .. NaiveLeaf.All(Machine.Kernel.Memory, user).Where(leaf => leaf.Virtual <= long.MaxValue),
            .. NaiveLeaf.All(Machine.Kernel.Memory, root).Where(leaf => leaf.Virtual > long.MaxValue),
        ];
    }

    [Fact]
    public void LeavesAreThoseOfAPlainWalk()
    {
        foreach (PhysicalAddress? root in Roots)
        {
            IReadOnlyList<NaiveLeaf> expected = Leaves(root ?? shared.Kernel.Root);
            Assert.NotEmpty(expected);
            List<Mapping> found = List(new(root, SingleLeaves: true));
            Assert.Equal(expected, found.Select(leaf => new NaiveLeaf(leaf.Virtual.Value, leaf.PageSize, leaf.Physical.Value, leaf.Rights)));
            Assert.All(found, leaf =>
            {
                Assert.Equal(leaf.PageSize, leaf.Length);
                Assert.Equal(1, leaf.PhysicalRuns);
                Assert.Equal(Machine.Parts.Layout.RegionOf(leaf.Virtual).Name, leaf.Region);
                Assert.Equal(leaf.Physical.Value, leaf.Entry & 0x000f_ffff_ffff_f000 & ~(leaf.PageSize - 1));
            });
        }
    }

    [Fact]
    public void MergedRangesAreTheLeavesMergedOneByOne()
    {
        foreach (PhysicalAddress? root in Roots)
        {
            Assert.Equal(Merge(List(new(root, SingleLeaves: true))), List(new(root)));
        }
    }

    /// <summary>A leaf that the range cuts counts whole.</summary>
    [Fact]
    public void ARangeHasTheLeavesThatReachIntoIt()
    {
        List<Mapping> all = List(new(shared.Kernel.Processes[0].Root, SingleLeaves: true));
        ulong[] edges = [.. all.SelectMany(leaf => new[] { leaf.Virtual.Value, leaf.Virtual.Value + leaf.Length - 1, leaf.Virtual.Value - 1 }), 0,
            ulong.MaxValue, 1UL << 47, 0xffff_8000_0000_0000];
        Gen<ulong> edge = Gen.OneOf(edges);
        Gen.Select(edge, edge, Rights, Gen.Bool).Sample((one, other, rights, single) =>
        {
            (ulong first, ulong last) = (Math.Min(one, other), Math.Max(one, other));
            List<Mapping> expected =
            [
                .. all.Where(leaf => leaf.Virtual.Value <= last && leaf.Virtual.Value + (leaf.Length - 1) >= first && (leaf.Rights & rights) == rights),
            ];
            Assert.Equal(
                single ? expected : Merge(expected),
                List(new(shared.Kernel.Processes[0].Root, new(first), new(last), rights, single)));
        });
    }

    [Fact]
    public void ARangeThatEndsBeforeItBeginsHasNothing() => Assert.Empty(List(new(First: new(0xffff_ffff_ffff_ffff), Last: new(0xffff_8000_0000_0000))));

    [Fact]
    public void TheNonCanonicalHoleHasNothing() => Assert.Empty(List(new(First: new(0x0000_8000_0000_0000), Last: new(0xffff_7fff_ffff_ffff))));

    /// <summary>Series, each written out again, are the mappings.</summary>
    [Fact]
    public void SeriesHaveEveryMappingOnce()
    {
        foreach (PhysicalAddress? root in Roots)
        {
            List<MappingSeries> series = [];
            MappingList.VisitSeries(Machine, new(root), series.Add);
            Assert.Equal(series.OrderBy(one => one.First.Virtual), series);
            Assert.Equal(
                List(new(root)).Select(mapping => (mapping.Virtual, mapping.Length, mapping.Physical, mapping.Rights)),
                series
                    .SelectMany(one =>
                        Enumerable.Range(0, (int)one.Count)
                            .Select(i => (one.First.Virtual + ((ulong)i * one.Stride), one.First.Length, one.First.Physical, one.First.Rights)))
                    .OrderBy(mapping => mapping.Item1));
        }
    }

    private List<Mapping> List(MapsQuery query)
    {
        List<Mapping> found = [];
        WalkSummary summary = MappingList.Visit(Machine, query, found.Add);
        Assert.False(summary.LimitReached);
        return found;
    }

    /// <summary>Neighbours of one region, page size and rights become one; the entry is the first's.</summary>
    private static List<Mapping> Merge(List<Mapping> leaves)
    {
        List<Mapping> merged = [];
        ulong physicalEnd = 0;
        foreach (Mapping leaf in leaves)
        {
            if (merged.Count > 0 && merged[^1] is Mapping last && last.Virtual.Value + last.Length == leaf.Virtual.Value
                && (last.PageSize, last.Rights, last.Region) == (leaf.PageSize, leaf.Rights, leaf.Region))
            {
                merged[^1] = last with { Length = last.Length + leaf.Length, PhysicalRuns = last.PhysicalRuns + (physicalEnd == leaf.Physical.Value ? 0 : 1) };
            }
            else
            {
                merged.Add(leaf);
            }

            physicalEnd = leaf.Physical.Value + leaf.Length;
        }

        return merged;
    }
}
