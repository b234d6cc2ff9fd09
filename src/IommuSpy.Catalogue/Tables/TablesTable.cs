using Its = IommuSpy.Catalogue.Columns<IommuSpy.Catalogue.Table>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>The tables themselves.</summary>
internal sealed class TablesTable() : Table<Table>(
    "tables",
    "The tables that can be asked for.",
    Its.Text("name", "The table's name.", row => row.Name),
    Its.Text("command", "The command that answers with it.", row => row.Command),
    Its.Text("sentence", "What its rows are.", row => row.Sentence))
{
    /// <inheritdoc/>
    public override TableSubject Subject => TableSubject.Program;

    /// <inheritdoc/>
    public override void Rows(Question question, Action<Table> receive)
    {
        foreach (Table table in AllTables.All)
        {
            receive(table);
        }
    }
}
