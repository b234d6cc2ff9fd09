using System.Buffers;
using System.Text;
using IommuSpy.Analysis.Wording;

namespace IommuSpy.Cli;

/// <summary>
/// The one writer of text for people. A line ends where its renderer calls <see cref="WriteLine()"/>, and nowhere else: a line's end inside a text came out of
/// a foreign name, and is escaped as every other character is that a terminal might act on (<see cref="Printable"/>). Only tabs and our own colours pass.
/// Renderers escape names themselves, since a column's width depends on it; this is the check that none can forget.
/// </summary>
internal sealed class LineWriter : StreamWriter
{
    private const int BufferBytes = 1 << 16;

    // Most lines are nothing else, and need no second look.
    private static readonly SearchValues<char> Plain = SearchValues.Create(['\t', .. Enumerable.Range(' ', '~' - ' ' + 1).Select(code => (char)code)]);

    /// <summary>Begins.</summary>
    /// <param name="stream">Where to.</param>
    public LineWriter(Stream stream) : base(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), BufferBytes) => NewLine = "\n";

    /// <inheritdoc/>
    public override void Write(char value) => base.Write(Harmless(value.ToString()));

    /// <inheritdoc/>
    public override void Write(char[]? buffer) => base.Write(Harmless(new string(buffer ?? [])));

    /// <inheritdoc/>
    public override void Write(char[] buffer, int index, int count) => base.Write(Harmless(new string(buffer, index, count)));

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<char> buffer) => base.Write(Harmless(buffer.ToString()));

    /// <inheritdoc/>
    public override void Write(string? value) => base.Write(Harmless(value ?? ""));

    /// <inheritdoc/>
    public override void WriteLine() => base.WriteLine("");

    /// <inheritdoc/>
    public override void WriteLine(string? value) => base.WriteLine(Harmless(value ?? ""));

    /// <inheritdoc/>
    public override void WriteLine(ReadOnlySpan<char> buffer) => base.WriteLine(Harmless(buffer.ToString()));

    private static string Harmless(string text)
    {
        if (!text.AsSpan().ContainsAnyExcept(Plain))
        {
            return text;
        }

        string safe = Printable.Of(text);
        if (ReferenceEquals(safe, text))
        {
            return text;
        }

        // Between tabs and colours of our own.
        StringBuilder all = new(safe.Length);
        int start = 0;
        for (int at = 0; at < text.Length;)
        {
            int own = text[at] == '\t' ? 1 : Display.ColourAt(text.AsSpan(at));
            if (own == 0)
            {
                at++;
                continue;
            }

            all.Append(Printable.Of(text[start..at])).Append(text, at, own);
            at += own;
            start = at;
        }

        return all.Append(Printable.Of(text[start..])).ToString();
    }
}
