using IommuSpy.Catalogue;

namespace IommuSpy;

/// <summary>A list that can be asked for, with the columns, conditions and order that are wanted: docs/tables.md describes each.</summary>
public sealed class Table
{
    private readonly Machine _machine;
    private readonly Catalogue.Table _table;
    private readonly Func<Question, Question> _narrow;

    internal Table(Machine machine, Catalogue.Table table, Func<Question, Question>? narrow = null)
    {
        _machine = machine;
        _table = table;
        _narrow = narrow ?? (question => question);
        Columns = [.. table.Columns.Select(TableColumn.Of)];
    }

    /// <summary>Its name: "pages".</summary>
    public string Name => _table.Name;

    /// <summary>What its rows are.</summary>
    public string Sentence => _table.Sentence;

    /// <summary>Its columns, in their order.</summary>
    public IReadOnlyList<TableColumn> Columns { get; }

    /// <summary>All rows that are wanted, kept in memory. Of a table with millions of them, <see cref="Visit"/> keeps none.</summary>
    /// <param name="where">
    /// What rows have to meet, all of it: "kind=slab", or with !=, &lt;, &gt;, &lt;=, &gt;= or ~ (contains); * and ? in a text are a pattern, and nothing
    /// behind the sign is an absence. What the table can look for directly is never looked for elsewhere.
    /// </param>
    /// <param name="sort">Names of columns by which rows are sorted, first the most important; with ":desc" behind its name, the greatest first.</param>
    /// <param name="columns">Names of the columns that rows have; null for all.</param>
    /// <exception cref="NoAnswerException">This machine does not have what the table is of, or nothing describes it.</exception>
    /// <exception cref="SourceException">The source has failed.</exception>
    /// <exception cref="ArgumentException">There is no such column, or no such condition.</exception>
    public RowList Rows(IEnumerable<string>? where = null, IEnumerable<string>? sort = null, IEnumerable<string>? columns = null)
    {
        List<Row> rows = [];
        IReadOnlyList<string> problems = Visit(rows.Add, where, sort, columns);
        return new(rows, problems);
    }

    /// <summary>Hands over each row that is wanted, as it is found; with an order, after all are found.</summary>
    /// <param name="receive">Told of each.</param>
    /// <param name="where">What rows have to meet, as for <see cref="Rows"/>.</param>
    /// <param name="sort">By what they are sorted, as for <see cref="Rows"/>.</param>
    /// <param name="columns">Which columns they have, as for <see cref="Rows"/>.</param>
    /// <returns>What the answer lacks or what contradicts itself in it, a line each; empty where nothing does.</returns>
    /// <exception cref="NoAnswerException">This machine does not have what the table is of, or nothing describes it.</exception>
    /// <exception cref="SourceException">The source has failed.</exception>
    /// <exception cref="ArgumentException">There is no such column, or no such condition.</exception>
    public IReadOnlyList<string> Visit(Action<Row> receive, IEnumerable<string>? where = null, IEnumerable<string>? sort = null,
        IEnumerable<string>? columns = null)
    {
        ArgumentNullException.ThrowIfNull(receive);
        return _machine.Ask(machine =>
        {
            View view = new([.. columns ?? []], [.. (where ?? []).Select(Condition.Parse)], [.. sort ?? []]);
            Question question = _narrow(new(machine));
            _table.Visit(view, question, (chosen, cells) => receive(new(chosen, cells)));
            return (IReadOnlyList<string>)[.. question.Problems, .. machine.Kernel.Memory.Budget.Problems];
        }, isPart: true);
    }

    /// <summary>Its name.</summary>
    public override string ToString() => Name;
}
