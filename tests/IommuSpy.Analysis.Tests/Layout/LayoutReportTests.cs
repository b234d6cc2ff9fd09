using IommuSpy.Analysis.Layout;
using IommuSpy.Analysis.Wording;
using IommuSpy.Linux.Architecture;

namespace IommuSpy.Analysis.Tests.Layout;

/// <summary>What is mapped in each region, against a plain walk.</summary>
public class LayoutReportTests(SharedMachine shared) : IClassFixture<SharedMachine>
{
    [Fact]
    public void EachRegionsUseIsThatOfItsLeaves()
    {
        LayoutReport report = LayoutReport.Of(shared.Machine);
        IReadOnlyList<NaiveLeaf> leaves = NaiveLeaf.All(shared.Machine.Kernel.Memory, shared.Kernel.Root);
        Assert.Equal(leaves.Aggregate(0UL, (sum, leaf) => sum + leaf.Size), report.Regions.Aggregate(0UL, (sum, region) => sum + region.MappedBytes));
        foreach (RegionReport region in report.Regions)
        {
            NaiveLeaf[] mine = [.. leaves.Where(leaf => leaf.Virtual - region.Start.Value <= region.Last.Value - region.Start.Value)];
            Assert.Equal(mine.Aggregate(0UL, (sum, leaf) => sum + leaf.Size), region.MappedBytes);
            Assert.Equal(
                mine.GroupBy(leaf => leaf.Size).OrderByDescending(group => group.Key).Select(group => new PageCountReport(group.Key, group.Count())),
                region.ByPageSize);
            Assert.Equal(
                mine.GroupBy(leaf => leaf.Rights)
                    .Select(group => new RightsBytesReport(RightsText.Of(group.Key), group.Aggregate(0UL, (sum, leaf) => sum + leaf.Size)))
                    .OrderBy(row => row.Rights, StringComparer.Ordinal),
                region.ByRights.OrderBy(row => row.Rights, StringComparer.Ordinal));
            Assert.Equal(region.ByRights.OrderByDescending(row => row.Bytes).Select(row => row.Bytes), region.ByRights.Select(row => row.Bytes));
        }
    }

    [Fact]
    public void NamesReleaseAndDocument()
    {
        LayoutReport report = LayoutReport.Of(shared.Machine);
        Assert.Equal(("6.1.0-test", "Documentation/arch/x86/x86_64/mm.rst"), (report.Release, report.Documentation));
        RegionReport direct = report.Regions.Single(region => region.Name == "direct map");
        Assert.Equal(("kallsyms page_offset_base", false), (direct.FoundBy, direct.Moved));
        Assert.Equal(direct.Start, direct.DocumentedStart);
    }

    [Fact]
    public void TheDocumentedReportHasTheDocumentsRows()
    {
        DocumentedLayoutReport report = DocumentedLayoutReport.Of(CpuArchitecture.FindDocumented("3.16.59", 4)!);
        Assert.Equal(("3.x - 4.7", 4, 14), (report.Kernels, report.PagingLevels, report.Regions.Count));
        Assert.Equal(("direct map", "direct mapping of all physical memory"), (report.Regions[3].Name, report.Regions[3].Description));
    }
}
