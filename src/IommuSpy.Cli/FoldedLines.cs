using System.Text;
using IommuSpy.Memory.Writing;

namespace IommuSpy.Cli;

/// <summary>
/// Lines of text no wider than a terminal: broken between words, what is left standing below the last column of what is there. Escape sequences of colour have
/// no width. A word that is wider than the terminal is left whole.
/// </summary>
/// <param name="output">Where the lines go.</param>
/// <param name="width">The terminal's columns.</param>
internal sealed class FoldedLines(Stream output, int width) : WriteOnlyStream
{
    private const char Escape = '\u001b';
    private const string Reset = "\u001b[m";
    private const int Further = 2;

    private readonly List<byte> _line = [];

    /// <summary>A text of lines that all end, folded.</summary>
    public static string Of(string text, int width) => string.Concat(text.Split('\n').SkipLast(1).Select(line => Fold(line, width) + "\n"));

    /// <inheritdoc/>
    public override void Flush()
    {
        // A line is folded when it is whole.
    }

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        StringBuilder folded = new();
        for (int end = buffer.IndexOf((byte)'\n'); end >= 0; end = buffer.IndexOf((byte)'\n'))
        {
            _line.AddRange(buffer[..end]);
            folded.Append(Fold(Encoding.UTF8.GetString([.. _line]), width)).Append('\n');
            _line.Clear();
            buffer = buffer[(end + 1)..];
        }

        _line.AddRange(buffer);
        if (folded.Length > 0)
        {
            output.Write(Encoding.UTF8.GetBytes(folded.ToString()));
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && _line.Count > 0)
        {
            byte[] rest = [.. _line];
            _line.Clear();
            output.Write(rest);
        }

        base.Dispose(disposing);
    }

    private static string Fold(string line, int width)
    {
        if (line.Length <= width)
        {
            return line;
        }

        StringBuilder folded = new();
        string colour = "";
        int indent = -1;
        int column = 0;
        foreach ((string gap, string word) in Words(line))
        {
            int columns = Columns(word);
            if (column > indent && column > 0 && column + gap.Length + columns > width && (indent < 0 || column > indent))
            {
                indent = indent < 0 ? Indent(line, width) : indent;
                folded.Append(colour.Length > 0 ? Reset : "").Append('\n').Append(' ', indent).Append(colour);
                column = indent;
            }
            else
            {
                folded.Append(gap);
                column += gap.Length;
            }

            folded.Append(word);
            column += columns;
            colour = Colour(word, colour);
        }

        return folded.ToString();
    }

    /// <summary>
    /// Where lines go on that a line is broken into: below its last column, if that leaves half of the terminal; else a little further in than it begins.
    /// </summary>
    private static int Indent(string line, int width)
    {
        int start = 0;
        int indent = -1;
        int column = 0;
        bool isFirst = true;
        foreach ((string gap, string word) in Words(line))
        {
            column += gap.Length;
            start = isFirst ? column : start;
            indent = !isFirst && gap.Length > 1 && column <= width / 2 ? column : indent;
            column += Columns(word);
            isFirst = false;
        }

        return indent >= 0 ? indent : Math.Min(start + Further, width / 2);
    }

    private static IEnumerable<(string Gap, string Word)> Words(string line)
    {
        for (int at = 0; at < line.Length;)
        {
            int word = at;
            while (word < line.Length && line[word] == ' ')
            {
                word++;
            }

            int end = word;
            while (end < line.Length && line[end] != ' ')
            {
                end++;
            }

            yield return (line[at..word], line[word..end]);
            at = end;
        }
    }

    private static int Columns(string word)
    {
        int columns = 0;
        for (int at = 0; at < word.Length; at++)
        {
            if (word[at] == Escape)
            {
                at = Math.Max(at, word.IndexOf('m', at));
                continue;
            }

            columns += char.IsLowSurrogate(word[at]) ? 0 : 1;
        }

        return columns;
    }

    private static string Colour(string word, string before)
    {
        int last = word.LastIndexOf(Escape);
        return last < 0 ? before : word.AsSpan(last).StartsWith(Reset) ? "" : word[last..(word.IndexOf('m', last) + 1)];
    }
}
