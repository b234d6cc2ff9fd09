using System.Text;

namespace IommuSpy.Catalogue;

/// <summary>
/// Rows whose columns line up, each as wide as its widest cell; the last is not padded. The first thousands of rows tell how wide: the others are
/// written as they come.
/// </summary>
internal sealed class AlignedText<TRow> : RowWriter<TRow>
{
    private const string Gap = "  ";
    private const string Absent = "-";
    private const int Measured = 4096;

    private readonly TextForm _form;
    private readonly IReadOnlyList<TextColumn<TRow>> _columns;
    private readonly int[] _widths;
    private readonly string[] _cells;
    private readonly StringBuilder _line = new();
    private List<string[]>? _first = [];

    /// <summary>Begins an answer in aligned columns.</summary>
    /// <param name="form">Where to.</param>
    /// <param name="columns">The columns as people read them.</param>
    public AlignedText(TextForm form, IReadOnlyList<TextColumn<TRow>> columns)
    {
        _form = form;
        _columns = columns;
        _cells = new string[columns.Count];
        _widths = [.. columns.Select(column => column.Heading.Length)];
    }

    /// <summary>Begins with columns as they are.</summary>
    public static AlignedText<TRow> Of(TextForm form, IReadOnlyList<Column<TRow>> columns) => new(form,
        [.. columns.Where(column => column.Type != ColumnType.Records)
            .Select(column => new TextColumn<TRow>(column.Name, row => column.TextOf(row) is { Length: > 0 } text ? text : Absent, column.IsRightAligned))]);

    /// <summary>Lines above the headings, before the first row.</summary>
    public IReadOnlyList<string> Above { get; init; } = [];

    /// <summary>What is said below the last row.</summary>
    public Closing<TRow>? Closing { get; init; }

    /// <summary>Whether the headings stand there without any row, too.</summary>
    public bool HeadsNothing { get; init; } = true;

    /// <inheritdoc/>
    public override void Add(TRow row)
    {
        Closing?.Add(row);

        // Rows that are written at once share one place for their cells.
        string[] cells = _first is null ? _cells : new string[_columns.Count];
        for (int i = 0; i < cells.Length; i++)
        {
            cells[i] = _form.Printable(_columns[i].Of(row));
        }

        if (_first is null)
        {
            Write(cells, isHeading: false);
            return;
        }

        _first.Add(cells);
        if (_first.Count == Measured)
        {
            Begin();
        }
    }

    /// <inheritdoc/>
    public override void Flush()
    {
        Begin();
        _form.Writer.Flush();
    }

    /// <inheritdoc/>
    public override void Complete()
    {
        Begin();
        if (Closing?.Line() is string line)
        {
            _form.Writer.WriteLine();
            _form.Writer.WriteLine($"  {line}");
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        if (_first is { Count: > 0 })
        {
            Begin();
        }
    }

    private void Begin()
    {
        if (_first is null)
        {
            return;
        }

        foreach (string[] cells in _first)
        {
            for (int i = 0; i < cells.Length; i++)
            {
                _widths[i] = Math.Max(_widths[i], cells[i].Length);
            }
        }

        if (_first.Count == 0 && !HeadsNothing)
        {
            return;
        }

        foreach (string line in Above)
        {
            _form.Writer.WriteLine(line);
        }

        Write([.. _columns.Select(column => column.Heading)], isHeading: true);
        foreach (string[] cells in _first)
        {
            Write(cells, isHeading: false);
        }

        _first = null;
    }

    private void Write(string[] cells, bool isHeading)
    {
        _line.Clear();
        for (int i = 0; i < cells.Length; i++)
        {
            int padding = Math.Max(0, _widths[i] - cells[i].Length);
            _line.Append(Gap).Append(' ', _columns[i].Right ? padding : 0).Append(cells[i]).Append(' ', _columns[i].Right ? 0 : padding);
        }

        while (_line.Length > 0 && _line[^1] == ' ')
        {
            _line.Length--;
        }

        string line = _line.ToString();
        _form.Writer.WriteLine(isHeading ? _form.Heading(line) : line);
    }
}
