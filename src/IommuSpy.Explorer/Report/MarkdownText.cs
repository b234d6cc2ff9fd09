using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using IommuSpy.Analysis.Wording;

namespace IommuSpy.Explorer.Report;

/// <summary>
/// Text for Markdown (CommonMark with GitHub's tables), in which everything but our own literals is harmless: names and addresses are code spans, in which
/// nothing means anything, and other text has each character escaped that might.
/// </summary>
[InterpolatedStringHandler]
internal readonly struct MarkdownText
{
    private readonly StringBuilder _text;

    /// <summary>Begins a text.</summary>
    public MarkdownText(int literalLength, int formattedCount) => _text = new(literalLength + (16 * formattedCount));

    /// <summary>Our own words.</summary>
    public void AppendLiteral(string text) => _text.Append(text);

    /// <summary>A number of ours.</summary>
    public void AppendFormatted(int number) => _text.Append(CultureInfo.InvariantCulture, $"{number:N0}");

    /// <summary>Text; with the format "c" a code span.</summary>
    public void AppendFormatted(string? text, string? format = null) => _text.Append(format == "c" ? Code(text ?? "") : Escaped(Printable.Of(text ?? "")));

    /// <summary>An address or another value of ours, as a code span.</summary>
    public void AppendFormatted<T>(T value)
        where T : struct => _text.Append(Code(value.ToString() ?? ""));

    /// <summary>What was written.</summary>
    public override string ToString() => _text.ToString();

    // A fence that is longer than any within, and spaces that belong to neither (CommonMark 6.1). A bar ends a table's cell in a code span too.
    private static string Code(string text)
    {
        string harmless = Printable.Of(text).Replace("|", "\\|", StringComparison.Ordinal);
        if (harmless.Trim().Length == 0)
        {
            return "";
        }

        int longest = 0;
        int run = 0;
        foreach (char character in harmless)
        {
            run = character == '`' ? run + 1 : 0;
            longest = Math.Max(longest, run);
        }

        string fence = new('`', longest + 1);
        return longest == 0 ? $"`{harmless}`" : $"{fence} {harmless} {fence}";
    }

    private static string Escaped(string text)
    {
        StringBuilder safe = new(text.Length + 8);
        for (int i = 0; i < text.Length; i++)
        {
            char character = text[i];
            _ = character switch
            {
                '&' => safe.Append("&amp;"),
                '<' => safe.Append("&lt;"),
                '>' => safe.Append("&gt;"),
                '\\' or '`' or '*' or '_' or '[' or ']' or '|' or '~' or '#' or '!' or '$' => safe.Append('\\').Append(character),

                // GitHub makes links of addresses and people of names, also where they are escaped: https:, mailto:, www., @somebody.
                '@' => safe.Append("&#64;"),
                ':' when i + 1 < text.Length && text[i + 1] != ' ' && !char.IsAsciiDigit(text[i + 1]) => safe.Append("&#58;"),
                '.' when i >= 3 && text.AsSpan(i - 3, 3).Equals("www", StringComparison.OrdinalIgnoreCase) => safe.Append("&#46;"),
                _ => safe.Append(character),
            };
        }

        return safe.ToString();
    }
}
