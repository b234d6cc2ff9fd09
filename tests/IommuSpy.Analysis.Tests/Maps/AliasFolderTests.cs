using IommuSpy.Analysis.Maps;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Tests.Maps;

/// <summary>The same memory mapped again at a constant distance becomes one series; everything else stays as it is.</summary>
public class AliasFolderTests
{
    private const ulong Start = 0xffff_ff61_0000_d000;
    private const ulong Page = 0x1000;
    private const ulong Stride = 0x1_0000;

    [Fact]
    public void TheAliasesOfOneStackPageAreOneSeries() =>
        Assert.Equal([new(At(Start, 0x5000), 65_536, Stride)],
            Folded(Enumerable.Range(0, 65_536).Select(i => (At(Start + ((ulong)i * Stride), 0x5000), Runs(0x5000)))));

    /// <summary>So it is with more than 64 CPUs, where the pages are no neighbours.</summary>
    [Fact]
    public void TwoSeriesMayRunThroughEachOther() =>
        Assert.Equal(
            [new(At(Start, 0x5000), 100, Stride), new(At(Start + (2 * Page), 0x9000), 100, Stride)],
            Folded(Enumerable.Range(0, 100).SelectMany(i => new[]
            {
                (At(Start + ((ulong)i * Stride), 0x5000), Runs(0x5000)),
                (At(Start + ((ulong)i * Stride) + (2 * Page), 0x9000), Runs(0x9000)),
            })));

    /// <summary>Where neighbouring pages were merged, the whole of their physical memory has to be the same.</summary>
    [Fact]
    public void AMappingInSeveralPiecesOfMemoryIsAnAliasWhereAllOfThemAreTheSame()
    {
        Mapping Two(int i) => At(Start + ((ulong)i * Stride), 0x5000) with { Length = 2 * Page, PhysicalRuns = 2 };
        Assert.Equal([new(Two(0), 8, Stride)], Folded(Enumerable.Range(0, 8).Select(i => (Two(i), Runs(0x5000, 0x9000)))));
        Assert.Equal(
            Enumerable.Range(0, 8).Select(i => new MappingSeries(Two(i), 1, 0)),
            Folded(Enumerable.Range(0, 8).Select(i => (Two(i), Runs(0x5000, 0x9000 + ((ulong)i * Page))))));
    }

    [Fact]
    public void TwoOfAKindAreNoSeries()
    {
        (Mapping, List<PhysicalAddress>)[] mappings =
        [
            (At(Start, 0x5000), Runs(0x5000)),
            (At(Start + (3 * Page), 0x9000), Runs(0x9000)),
            (At(Start + Stride, 0x5000), Runs(0x5000)),
            (At(Start + (2 * Stride), 0x7000), Runs(0x7000)),
        ];
        Assert.Equal(mappings.Select(mapping => new MappingSeries(mapping.Item1, 1, 0)), Folded(mappings));
    }

    /// <summary>What differs in rights or distance is told by itself, and the order is that of addresses.</summary>
    [Fact]
    public void ASeriesEndsWhereRightsOrDistanceChange()
    {
        List<(Mapping Mapping, List<PhysicalAddress> Runs)> mappings =
            [.. Enumerable.Range(0, 4).Select(i => (At(Start + ((ulong)i * Stride), 0x5000), Runs(0x5000)))];
        Mapping writable = At(Start + (4 * Stride), 0x5000) with { Rights = AccessRights.Read | AccessRights.Write };
        Mapping late = At(Start + (4 * Stride) + (2 * Page), 0x5000);
        mappings.Add((writable, Runs(0x5000)));
        mappings.Add((late, Runs(0x5000)));
        Assert.Equal([new(mappings[0].Mapping, 4, Stride), new(writable, 1, 0), new(late, 1, 0)], Folded(mappings));
    }

    private static Mapping At(ulong address, ulong physical) =>
        new(new(address), Page, new(physical), 1, Page, physical | 1, AccessRights.Read, "%esp fixup stacks");

    private static List<PhysicalAddress> Runs(params ulong[] runs) => [.. runs.Select(run => new PhysicalAddress(run))];

    private static List<MappingSeries> Folded(IEnumerable<(Mapping Mapping, List<PhysicalAddress> Runs)> mappings)
    {
        List<MappingSeries> found = [];
        AliasFolder folder = new(found.Add);
        foreach ((Mapping mapping, List<PhysicalAddress> runs) in mappings)
        {
            folder.Add(mapping, runs);
        }

        folder.Finish();
        return found;
    }
}
