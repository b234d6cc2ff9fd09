using Its = IommuSpy.Catalogue.Columns<IommuSpy.Catalogue.Column>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>The columns of a table.</summary>
internal sealed class ColumnsTable() : Table<Column>(
    "columns",
    "The columns of a table.",
    Its.Text("name", "The column's name.", row => row.Name),
    Its.Text("type", "What its values are: text, number, integer, real, flag, address, hex; texts and numbers are lists, records in JSON alone.",
        row => Words<ColumnType>.Of(row.Type)),
    Its.Text("unit", "In what it is measured.", row => row.Unit),
    Its.Text("sentence", "What it means.", row => row.Sentence))
{
    /// <summary>Of which table.</summary>
    public static Filter<Table> Of { get; } = new("table", "The columns of this table.");

    /// <inheritdoc/>
    public override TableSubject Subject => TableSubject.Program;

    /// <inheritdoc/>
    public override IReadOnlyList<Filter> Filters => [Of];

    /// <inheritdoc/>
    public override void Rows(Question question, Action<Column> receive)
    {
        foreach (Column column in question.TryGet(Of, out Table table) ? table.Columns : [])
        {
            receive(column);
        }
    }
}
