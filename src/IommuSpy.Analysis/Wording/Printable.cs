using System.Buffers;
using System.Globalization;
using System.Text;

namespace IommuSpy.Analysis.Wording;

/// <summary>
/// Text out of a foreign memory or file, made harmless for whoever shows it. A terminal obeys control characters; format characters (bidirectional overrides,
/// invisible letters, tags), line and paragraph separators and private characters make a reader see other text than there is. Each is written as its number:
/// a backslash and three octal digits as /proc does, or \uXXXX, or \UXXXXXXXX.
/// </summary>
public static class Printable
{
    private static readonly SearchValues<char> Plain = SearchValues.Create([.. Enumerable.Range(' ', '~' - ' ' + 1).Select(code => (char)code)]);

    /// <summary>One foreign name, on its way into a line: a backslash in it is doubled, so that no name looks like another's escaped form.</summary>
    public static string Name(string name) =>
        name.Contains('\\', StringComparison.Ordinal) ? Of(name.Replace("\\", "\\\\", StringComparison.Ordinal)) : Of(name);

    /// <summary>
    /// Text that may hold foreign names, of which some were escaped already: everything that a terminal might act on is escaped, a line's end too.
    /// </summary>
    public static string Of(string text)
    {
        int at = text.AsSpan().IndexOfAnyExcept(Plain);
        if (at < 0)
        {
            return text;
        }

        StringBuilder safe = new(text.Length + 16);
        safe.Append(text, 0, at);
        for (ReadOnlySpan<char> rest = text.AsSpan(at); !rest.IsEmpty;)
        {
            if (Rune.DecodeFromUtf16(rest, out Rune rune, out int consumed) != OperationStatus.Done)
            {
                // Half of a surrogate pair stands for no character.
                Escape(safe, rest[0]);
            }
            else if (IsHarmless(rune))
            {
                safe.Append(rest[..consumed]);
            }
            else
            {
                Escape(safe, rune.Value);
            }

            rest = rest[consumed..];
        }

        return safe.ToString();
    }

    /// <summary>Whether a character only shows itself.</summary>
    public static bool IsHarmless(Rune rune) => rune.IsAscii
        ? rune.Value is >= ' ' and <= '~'
        : Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);

    private static void Escape(StringBuilder safe, int code) => _ = code switch
    {
        <= 0xff => safe.Append('\\').Append(Convert.ToString(code, 8).PadLeft(3, '0')),
        <= 0xffff => safe.Append(CultureInfo.InvariantCulture, $"\\u{code:x4}"),
        _ => safe.Append(CultureInfo.InvariantCulture, $"\\U{code:x8}"),
    };
}
