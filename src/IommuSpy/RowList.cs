using System.Collections;

namespace IommuSpy;

/// <summary>The rows that a table has answered with.</summary>
public sealed class RowList : IReadOnlyList<Row>
{
    private readonly List<Row> _rows;

    internal RowList(List<Row> rows, IReadOnlyList<string> problems)
    {
        _rows = rows;
        Problems = problems;
    }

    /// <summary>What the answer lacks or what contradicts itself in it, a line each; empty where nothing does.</summary>
    public IReadOnlyList<string> Problems { get; }

    /// <inheritdoc/>
    public int Count => _rows.Count;

    /// <inheritdoc/>
    public Row this[int index] => _rows[index];

    /// <inheritdoc/>
    public IEnumerator<Row> GetEnumerator() => _rows.GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
