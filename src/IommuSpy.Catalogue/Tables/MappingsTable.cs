using IommuSpy.Analysis.Maps;
using IommuSpy.Analysis.Wording;
using IommuSpy.Translation;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Analysis.Maps.Mapping>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>What page tables map: runs of neighbours that are alike, or leaf by leaf.</summary>
/// <param name="name">Its name.</param>
/// <param name="sentence">What its rows are.</param>
/// <param name="columns">Its columns.</param>
internal sealed class MappingsTable(string name, string sentence, params Column<Mapping>[] columns) : Table<Mapping>(name, sentence, columns)
{
    /// <summary>Neighbours that are alike merged.</summary>
    public static MappingsTable Runs { get; } = new(
        "maps",
        "What page tables map: runs with effective rights, physical addresses and the region of the kernel's map.",
        Its.Address("virtual", "First address.", row => row.Virtual.Value),
        Its.Bytes("bytes", "How much.", row => row.Length),
        Its.Address("physical", "Where the first byte is in physical memory.", row => row.Physical.Value),
        Its.Number("physicalRuns", "How many runs of physical memory it takes; 1 where it is contiguous there.", row => (ulong)row.PhysicalRuns),
        Its.Bytes("pageSize", "Of each of its pages.", row => row.PageSize),
        Its.Text("rights", "What all levels together let through.", row => RightsText.Of(row.Rights)),
        Its.Text("region", "Which region of the kernel's map it is in.", row => row.Region));

    /// <summary>Each leaf by itself.</summary>
    public static MappingsTable Leaves { get; } = new(
        "leaves",
        "What page tables map, each leaf by itself, with its entry.",
        Its.Address("virtual", "First address.", row => row.Virtual.Value),
        Its.Address("physical", "Where it is in physical memory.", row => row.Physical.Value),
        Its.Bytes("pageSize", "Of the page.", row => row.PageSize),
        Its.Address("entry", "The leaf's entry.", row => row.Entry),
        Its.Text("rights", "What all levels together let through.", row => RightsText.Of(row.Rights)),
        Its.Text("region", "Which region of the kernel's map it is in.", row => row.Region))
    {
        Command = "maps --leaves",
    };

    /// <summary>Which mappings.</summary>
    public static Filter<MapsQuery> Query { get; } = new("query", "Only what one root maps, in a range, with rights.");

    /// <inheritdoc/>
    public override IReadOnlyList<Filter> Filters => [Query];

    /// <inheritdoc/>
    public override void Rows(Question question, Action<Mapping> receive)
    {
        MapsQuery query = question.Get(Query, new()) with { SingleLeaves = this == Leaves };
        Tell(question, MappingList.Visit(question.Machine, query, receive));
    }

    /// <summary>Tells what a walk could not see.</summary>
    public static void Tell(Question question, WalkSummary summary)
    {
        if (summary.MissingTables > 0)
        {
            question.Tell($"{summary.MissingTables} page tables are not in the image: what they map is left out");
        }

        if (summary.LimitReached)
        {
            question.Tell($"stopped after {summary.Tables} page tables: these are no tables of a sane machine, and the list is not whole");
        }
    }
}
