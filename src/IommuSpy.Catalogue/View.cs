namespace IommuSpy.Catalogue;

/// <summary>Which rows and columns of a table are wanted, in which order.</summary>
/// <param name="Columns">Names of columns; empty for all.</param>
/// <param name="Conditions">What rows have to meet.</param>
/// <param name="Order">Names of the columns by which rows are sorted, first the most important one, with :desc behind those that go down.</param>
internal sealed record View(IReadOnlyList<string> Columns, IReadOnlyList<Condition> Conditions, IReadOnlyList<string> Order)
{
    private const string Down = ":desc";

    /// <summary>All of a table as it comes.</summary>
    public static View Whole { get; } = new([], [], []);

    /// <summary>What that is of a table.</summary>
    /// <exception cref="QuestionException">The table has no column of such a name, or none that can be compared so.</exception>
    public Selection<TRow> Of<TRow>(Table<TRow> table) => new(
        table,
        Columns.Count == 0 ? table.Columns : [.. Columns.Select(name => Find(table, name, "--columns"))],
        Conditions,
        [.. Conditions.Select(condition => condition.On(Find(table, condition.Column, "--where")))],
        [.. Order.Select(name => By(table, name))]);

    private static Column<TRow> Find<TRow>(Table<TRow> table, string name, string option) =>
        table.Columns.FirstOrDefault(column => column.Name == name)
            ?? throw new QuestionException($"{option}: {table.Name} has no column '{name}'"
                + $"{Spelling.Suggestion(name, table.Columns.Select(column => column.Name))} (see iommu-spy tables {table.Name})");

    private static Comparison<TRow> By<TRow>(Table<TRow> table, string name)
    {
        bool down = name.EndsWith(Down, StringComparison.Ordinal);
        Column<TRow> column = Find(table, down ? name[..^Down.Length] : name, "--sort");
        Comparison<Cell> compare = column.Type switch
        {
            ColumnType.Text => (one, other) => string.CompareOrdinal(one.Text, other.Text),
            ColumnType.Texts or ColumnType.Numbers => (one, other) => string.CompareOrdinal(column.TextOf(one), column.TextOf(other)),
            ColumnType.Integer => (one, other) => one.Integer.CompareTo(other.Integer),
            ColumnType.Real => (one, other) => one.Real.CompareTo(other.Real),
            _ => (one, other) => one.Number.CompareTo(other.Number),
        };

        // What is not known comes last, up or down.
        return (one, other) =>
        {
            (Cell first, Cell second) = (column.Of(one), column.Of(other));
            return first.IsKnown != second.IsKnown ? (first.IsKnown ? -1 : 1) : down ? compare(second, first) : compare(first, second);
        };
    }
}
