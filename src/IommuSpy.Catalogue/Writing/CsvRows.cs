using System.Buffers;

namespace IommuSpy.Catalogue;

/// <summary>Rows with commas between their values (RFC 4180), the columns' names first. Lists have spaces between; an absence is empty.</summary>
internal sealed class CsvRows<TRow> : RowWriter<TRow>
{
    private static readonly SearchValues<char> Quoted = SearchValues.Create(",\"\r\n");

    private readonly TextWriter _writer;
    private readonly Column<TRow>[] _columns;
    private bool _headed;

    /// <summary>Begins an answer in CSV.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="columns">What of each row.</param>
    public CsvRows(TextWriter writer, IReadOnlyList<Column<TRow>> columns)
    {
        _writer = writer;
        _columns = [.. columns.Where(column => column.Type != ColumnType.Records)];
    }

    /// <inheritdoc/>
    public override void Add(TRow row)
    {
        Head();
        Line(column => column.TextOf(row));
    }

    /// <inheritdoc/>
    public override void Complete() => Head();

    /// <inheritdoc/>
    public override void Flush() => _writer.Flush();

    /// <inheritdoc/>
    public override void Dispose() => _writer.Flush();

    private void Head()
    {
        if (!_headed)
        {
            _headed = true;
            Line(column => column.Name);
        }
    }

    private void Line(Func<Column<TRow>, string> text)
    {
        for (int i = 0; i < _columns.Length; i++)
        {
            if (i > 0)
            {
                _writer.Write(',');
            }

            string value = text(_columns[i]);
            if (value.AsSpan().ContainsAny(Quoted))
            {
                _writer.Write('"');
                _writer.Write(value.Replace("\"", "\"\"", StringComparison.Ordinal));
                _writer.Write('"');
            }
            else
            {
                _writer.Write(value);
            }
        }

        _writer.WriteLine();
    }
}
