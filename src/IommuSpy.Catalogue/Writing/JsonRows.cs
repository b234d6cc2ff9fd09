using System.Text.Json;

namespace IommuSpy.Catalogue;

/// <summary>Rows as JSON Lines, or as one document that begins with the version of its names, without keeping them.</summary>
internal sealed class JsonRows<TRow> : RowWriter<TRow>
{
    private const int FlushAt = 1 << 16;

    private readonly Stream _output;
    private readonly Utf8JsonWriter _writer;
    private readonly bool _lines;
    private readonly string _table;
    private readonly Column<TRow>[] _columns;
    private readonly Func<IReadOnlyList<string>> _problems;
    private bool _begun;

    /// <summary>Begins an answer in JSON.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="table">The table's name.</param>
    /// <param name="columns">What of each row.</param>
    /// <param name="lines">One row a line, rather than a document.</param>
    /// <param name="problems">What the answer lacks, as far as it is known at the end.</param>
    public JsonRows(Stream output, string table, IReadOnlyList<Column<TRow>> columns, bool lines, Func<IReadOnlyList<string>> problems)
    {
        _output = output;
        _lines = lines;
        _columns = [.. columns];
        _problems = problems;
        _writer = new(output, new() { SkipValidation = true, Encoder = HarmlessEncoder.Instance });
        _table = table;
    }

    /// <inheritdoc/>
    public override void Add(TRow row)
    {
        Begin();
        _writer.WriteStartObject();
        foreach (Column<TRow> column in _columns)
        {
            column.Write(_writer, row);
        }

        _writer.WriteEndObject();
        if (_lines)
        {
            _writer.Flush();
            _output.WriteByte((byte)'\n');
            _writer.Reset();
        }
        else if (_writer.BytesPending > FlushAt)
        {
            _writer.Flush();
        }
    }

    /// <inheritdoc/>
    public override void Flush()
    {
        _writer.Flush();
        _output.Flush();
    }

    /// <inheritdoc/>
    public override void Complete()
    {
        Begin();
        if (!_lines)
        {
            _writer.WriteEndArray();
            _writer.WriteStartArray("problems"u8);
            foreach (string problem in _problems())
            {
                _writer.WriteStringValue(problem);
            }

            _writer.WriteEndArray();
            _writer.WriteEndObject();
            _writer.Flush();
            _output.WriteByte((byte)'\n');
        }
    }

    /// <inheritdoc/>
    public override void Dispose() => _writer.Dispose();

    private void Begin()
    {
        if (_begun || _lines)
        {
            return;
        }

        _begun = true;
        _writer.WriteStartObject();
        _writer.WriteNumber("version"u8, JsonNames.Version);
        _writer.WriteString("table"u8, _table);
        _writer.WriteStartArray("rows"u8);
    }
}
