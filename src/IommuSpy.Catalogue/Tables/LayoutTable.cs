using IommuSpy.Analysis.Layout;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Analysis.Layout.RegionReport>;
using Pages = IommuSpy.Catalogue.Columns<IommuSpy.Analysis.Layout.PageCountReport>;
using Rights = IommuSpy.Catalogue.Columns<IommuSpy.Analysis.Layout.RightsBytesReport>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>The regions of the virtual memory map.</summary>
internal sealed class LayoutTable() : Table<RegionReport>(
    "layout",
    "The virtual memory map: each region, where the documentation has it, where it is here, and what is mapped in it.",
    Its.Address("start", "First address in this image.", row => row.Start.Value),
    Its.Address("last", "Last address in this image.", row => row.Last.Value),
    Its.Text("name", "What it is: direct map.", row => row.Name),
    Its.Address("documentedStart", "Where the documentation has it begin; null for what it does not name.", row => row.DocumentedStart?.Value),
    Its.Address("documentedLast", "Its last address there.", row => row.DocumentedLast?.Value),
    Its.Flag("moved", "Whether it is elsewhere than documented.", row => row.Moved),
    Its.Bytes("mappedBytes", "How much of it the kernel's own tables map.", row => row.MappedBytes),
    Its.Records("byPageSize", "The same by the size of pages, the largest first.", row => row.ByPageSize,
        Pages.Bytes("pageSize", "Bytes of a page.", row => row.PageSize),
        Pages.Integer("count", "How many there are.", row => row.Count)),
    Its.Records("byRights", "The same by rights, the most first.", row => row.ByRights,
        Rights.Text("rights", "The rights.", row => row.Rights),
        Rights.Bytes("bytes", "How much is mapped so.", row => row.Bytes)),
    Its.Text("foundBy", "How the place was found.", row => row.FoundBy))
{
    /// <inheritdoc/>
    public override void Rows(Question question, Action<RegionReport> receive)
    {
        foreach (RegionReport region in LayoutReport.Of(question.Machine).Regions)
        {
            receive(region);
        }
    }
}
