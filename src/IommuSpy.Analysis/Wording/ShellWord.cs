using System.Buffers;
using System.Text;

namespace IommuSpy.Analysis.Wording;

/// <summary>Words for a command line that is shown to be typed or copied: what is in them stays one word, whatever a shell would make of it.</summary>
public static class ShellWord
{
    private static readonly SearchValues<char> Plain =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:@%+=,-");

    /// <summary>
    /// A word as a shell reads it back: as it is, or in single quotes, or, with characters that a terminal must not see, in $'...', which
    /// bash, zsh and ksh read.
    /// </summary>
    public static string Of(string word)
    {
        if (word.Length > 0 && word[0] != '=' && word.AsSpan().IndexOfAnyExcept(Plain) < 0)
        {
            return word;
        }

        if (ReferenceEquals(Printable.Of(word), word))
        {
            return $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
        }

        StringBuilder quoted = new("$'");
        foreach (Rune rune in word.EnumerateRunes())
        {
            _ = rune.Value is '\'' or '\\' ? quoted.Append('\\').Append((char)rune.Value) : quoted.Append(Printable.Of(rune.ToString()));
        }

        return quoted.Append('\'').ToString();
    }
}
