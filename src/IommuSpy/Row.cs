using IommuSpy.Catalogue;

namespace IommuSpy;

/// <summary>
/// A row of a table. A value is asked for by its column's name and as what the column holds (<see cref="ColumnKind"/>); null is a stated absence. Asking
/// for a column that the answer does not have, or as what it does not hold, is an <see cref="ArgumentException"/>.
/// </summary>
public sealed class Row
{
    private readonly IReadOnlyList<Column> _columns;
    private readonly Cell[] _cells;

    internal Row(IReadOnlyList<Column> columns, Cell[] cells)
    {
        _columns = columns;
        _cells = cells;
    }

    /// <summary>The value as text, as CSV has it: addresses with 0x, lists with spaces between, and nothing for an absence.</summary>
    /// <param name="column">The column's name.</param>
    public string this[string column] => _columns[At(column)].TextOf(_cells[At(column)]);

    /// <summary>The names of its columns.</summary>
    public IEnumerable<string> Columns => _columns.Select(column => column.Name);

    /// <summary>An address, a size or a count.</summary>
    /// <param name="column">A column of numbers that are never below zero, or of addresses.</param>
    public ulong? Number(string column) =>
        Find(column, ColumnType.Number, ColumnType.Address, ColumnType.Hex) is { IsKnown: true } cell ? cell.Number : null;

    /// <summary>A whole number that may be below zero.</summary>
    /// <param name="column">A column of integers.</param>
    public long? Integer(string column) => Find(column, ColumnType.Integer) is { IsKnown: true } cell ? cell.Integer : null;

    /// <summary>A number with a fraction.</summary>
    /// <param name="column">A column of such.</param>
    public double? Real(string column) => Find(column, ColumnType.Real) is { IsKnown: true } cell ? cell.Real : null;

    /// <summary>Whether something is so.</summary>
    /// <param name="column">A column of flags.</param>
    public bool? Flag(string column) => Find(column, ColumnType.Flag) is { IsKnown: true } cell ? cell.Number != 0 : null;

    /// <summary>A text.</summary>
    /// <param name="column">A column of texts.</param>
    public string? Text(string column) => Find(column, ColumnType.Text).Text;

    /// <summary>A list of texts.</summary>
    /// <param name="column">A column of lists of texts.</param>
    public IReadOnlyList<string> Texts(string column) => Find(column, ColumnType.Texts).Texts;

    /// <summary>A list of whole numbers.</summary>
    /// <param name="column">A column of lists of numbers.</param>
    public IReadOnlyList<long> Numbers(string column) => Find(column, ColumnType.Numbers).Numbers;

    /// <summary>A list of rows.</summary>
    /// <param name="column">A column of lists of rows.</param>
    public IReadOnlyList<Row> Records(string column)
    {
        IReadOnlyList<Cell[]> records = Find(column, ColumnType.Records).Records;
        IReadOnlyList<Column> inner = _columns[At(column)].Inner;
        return [.. records.Select(cells => new Row(inner, cells))];
    }

    /// <summary>Every value as text, each behind its column's name.</summary>
    public override string ToString() => string.Join(", ", _columns.Select((column, i) => $"{column.Name}={column.TextOf(_cells[i])}"));

    private Cell Find(string name, params ReadOnlySpan<ColumnType> types)
    {
        int at = At(name);
        return types.Contains(_columns[at].Type) ? _cells[at]
            : throw new ArgumentException($"the column '{name}' holds values of the kind {_columns[at].Type}: ask for them as that", nameof(name));
    }

    private int At(string name)
    {
        for (int i = 0; i < _columns.Count; i++)
        {
            if (_columns[i].Name == name)
            {
                return i;
            }
        }

        throw new ArgumentException($"the answer has no column '{name}': it has {string.Join(", ", Columns)}", nameof(name));
    }
}
