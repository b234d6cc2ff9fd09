using System.Globalization;
using IommuSpy.Catalogue.Comparison;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Catalogue.Comparison.Difference>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>What differs between two captures.</summary>
internal sealed class CompareTable() : Table<Difference>(
    "compare",
    "What differs between two captures of one machine: what began, ended, grew, shrank or changed.",
    Its.Text("table", "The table that it is of; text for the kernel's instructions.", row => row.Table),
    Its.Text("change", "began, ended, grew, shrank or changed.", row => Words<Change>.Of(row.Change)),
    Its.Text("what", "What differs, by the columns that name it.", row => row.What),
    Its.Text("column", "The column that differs, or rows for how many are called so; of what began or ended, what is counted of it.", row => row.Column),
    Its.Text("before", "What the earlier capture has there; null where it has nothing.", row => row.Before),
    Its.Text("after", "What the later one has there; null where it has nothing.", row => row.After),
    Its.Integer("difference", "How far a number has moved; null for what is none.", row => row.By))
{
    /// <summary>The comparison that was made.</summary>
    public static Filter<CaptureComparison> Made { get; } = new("comparison", "The differences of a comparison that was made already.");

    /// <inheritdoc/>
    public override TableSubject Subject => TableSubject.Part;

    /// <inheritdoc/>
    public override IReadOnlyList<Filter> Filters => [Made];

    /// <inheritdoc/>
    public override void Rows(Question question, Action<Difference> receive)
    {
        if (question.Find(Made) is CaptureComparison comparison)
        {
            foreach (Difference difference in comparison.Differences)
            {
                receive(difference);
            }

            question.Tell([.. comparison.Problems, .. comparison.Tables.Where(table => table.Absence is not null)
                .Select(table => $"{table.Table} is not compared: {table.Absence}")]);
        }
    }

    /// <inheritdoc/>
    public override RowWriter<Difference> Text(TextForm form, Question question) => new AlignedText<Difference>(form,
    [
        new("table", row => row.Table),
        new("change", row => Words<Change>.Of(row.Change)),
        new("by", row => row.By?.ToString("+#,0;-#,0;0", CultureInfo.InvariantCulture) ?? "", Right: true),
        new("of", row => row.Column ?? ""),
        new("what", row => row.Change == Change.Changed && row.By is null ? $"{row.What}: {row.Before} became {row.After}" : row.What),
    ])
    {
        HeadsNothing = false,
    };
}
