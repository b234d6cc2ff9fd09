using IommuSpy.Analysis.Wording;

namespace IommuSpy.Cli.Text;

/// <summary>Rows whose columns line up, each as wide as its widest cell; the last is not padded.</summary>
internal sealed class TextTable(params string[] headings)
{
    private const string Gap = "  ";

    private readonly List<string[]> _rows = [headings];

    /// <summary>Columns, counted from 0, whose cells end at the same place: numbers.</summary>
    public IReadOnlySet<int> RightAligned { get; init; } = new HashSet<int>();

    /// <summary>Adds a row: as many cells as there are headings. What in them a terminal might act on is escaped here, where widths are known.</summary>
    public void Add(params string[] cells) => _rows.Add(Array.ConvertAll(cells, Printable.Of));

    /// <summary>Writes the table.</summary>
    public void Write(TextWriter writer)
    {
        int[] widths = [.. Enumerable.Range(0, headings.Length).Select(column => _rows.Max(row => row[column].Length))];
        foreach (string[] row in _rows)
        {
            IEnumerable<string> cells =
                row.Select((cell, column) => RightAligned.Contains(column) ? cell.PadLeft(widths[column]) : cell.PadRight(widths[column]));
            string line = (Gap + string.Join(Gap, cells)).TrimEnd();
            writer.WriteLine(row == headings ? Display.Heading(line) : line);
        }
    }
}
