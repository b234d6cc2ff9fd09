using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using IommuSpy.Analysis.Wording;

namespace IommuSpy.Explorer.Report;

/// <summary>HTML or SVG as it is, rather than text.</summary>
internal readonly record struct Markup(string Text);

/// <summary>
/// Text for HTML and SVG, in which everything but our own literals is escaped: what stands in a hole can be neither an element, an attribute nor a script,
/// whatever it holds, and shows no character that a reader could not see.
/// </summary>
[InterpolatedStringHandler]
internal readonly struct HtmlText
{
    private readonly StringBuilder _text;

    /// <summary>Begins a text.</summary>
    public HtmlText(int literalLength, int formattedCount) => _text = new(literalLength + (16 * formattedCount));

    /// <summary>Our own markup.</summary>
    public void AppendLiteral(string text) => _text.Append(text);

    /// <summary>Markup that was made here.</summary>
    public void AppendFormatted(Markup markup) => _text.Append(markup.Text);

    /// <summary>Markup that was made here.</summary>
    public void AppendFormatted(HtmlText text) => _text.Append(text._text);

    /// <summary>A number of ours.</summary>
    public void AppendFormatted(int number) => _text.Append(CultureInfo.InvariantCulture, $"{number:N0}");

    /// <summary>A measure of a picture.</summary>
    public void AppendFormatted(double number) => _text.Append(CultureInfo.InvariantCulture, $"{number:0.##}");

    /// <summary>Text: escaped.</summary>
    public void AppendFormatted(string? text) => Escape(_text, Printable.Of(text ?? ""));

    /// <summary>An address or another value of ours: escaped all the same.</summary>
    public void AppendFormatted<T>(T value)
        where T : struct => AppendFormatted(value.ToString());

    /// <summary>What was written.</summary>
    public override string ToString() => _text.ToString();

    private static void Escape(StringBuilder to, string text)
    {
        foreach (char character in text)
        {
            _ = character switch
            {
                '&' => to.Append("&amp;"),
                '<' => to.Append("&lt;"),
                '>' => to.Append("&gt;"),
                '"' => to.Append("&quot;"),
                '\'' => to.Append("&#39;"),
                _ => to.Append(character),
            };
        }
    }
}
