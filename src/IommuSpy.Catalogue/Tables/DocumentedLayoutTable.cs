using IommuSpy.Analysis.Layout;
using IommuSpy.Linux.Layout;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Analysis.Layout.DocumentedRegionReport>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>The regions of a virtual memory map as the kernel's documentation has it.</summary>
internal sealed class DocumentedLayoutTable() : Table<DocumentedRegionReport>(
    "layout-documented",
    "The virtual memory map that the kernel's documentation gives for a release.",
    Its.Address("start", "First address.", row => row.Start.Value),
    Its.Address("last", "Last address.", row => row.Last.Value),
    Its.Text("name", "What it is: direct map.", row => row.Name),
    Its.Text("description", "The document's words.", row => row.Description))
{
    /// <summary>Of which release and how many levels; without it there are no rows.</summary>
    public static Filter<DocumentedLayout> Map { get; } = new("map", "The map of a release and a number of levels.");

    /// <inheritdoc/>
    public override TableSubject Subject => TableSubject.Program;

    /// <inheritdoc/>
    public override IReadOnlyList<Filter> Filters => [Map];

    /// <inheritdoc/>
    public override void Rows(Question question, Action<DocumentedRegionReport> receive)
    {
        if (!question.TryGet(Map, out DocumentedLayout map))
        {
            return;
        }

        foreach (DocumentedRegionReport region in DocumentedLayoutReport.Of(map).Regions)
        {
            receive(region);
        }
    }
}
