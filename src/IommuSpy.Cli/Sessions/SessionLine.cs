using System.Text;

namespace IommuSpy.Cli.Sessions;

/// <summary>
/// A line of a session, in words as sh makes them: quotes and the backslash keep what they stand around; `|` and a program, or `>` and a file, may stand behind
/// a command; `!` begins a line for the shell, and `#` a remark. Nothing else has a meaning: no variables, no patterns, no background.
/// </summary>
/// <param name="Words">The command and its arguments; empty where the line has none.</param>
/// <param name="Program">What the answer goes through, as sh runs it; null for none.</param>
/// <param name="File">The file that the answer goes into; null for none.</param>
/// <param name="Shell">What sh is to run instead of a command of ours; null for none.</param>
internal sealed record SessionLine(IReadOnlyList<string> Words, string? Program = null, string? File = null, string? Shell = null)
{
    /// <summary>The name of the last address.</summary>
    public const char Last = '_';

    /// <summary>Reads a line.</summary>
    /// <param name="text">The line.</param>
    /// <param name="last">What `_` stands for; null where there was no address yet.</param>
    /// <exception cref="UsageException">A quote has no end, or nothing stands behind a mark that wants something.</exception>
    public static SessionLine Parse(string text, string? last = null)
    {
        string line = text.Trim();
        if (line.StartsWith('!'))
        {
            return new([], Shell: line[1..].Trim() is { Length: > 0 } command ? command : throw new UsageException("! and nothing behind it: !COMMAND"));
        }

        List<string> words = [];
        int? file = null;
        for (int at = 0; at < line.Length;)
        {
            switch (line[at])
            {
                case ' ' or '\t':
                    at++;
                    break;
                case '#':
                    at = line.Length;
                    break;
                case '|':
                    string program = line[(at + 1)..].Trim();
                    return file is not null ? throw new UsageException("a line has > or |, not both")
                        : words.Count == 0 || program.Length == 0 ? throw new UsageException("| stands between a command and a program: COMMAND | PROGRAM")
                        : new(words, Program: program);
                case '>' when file is null:
                    file = words.Count;
                    at++;
                    break;
                default:
                    words.Add(Word(line, ref at, last));
                    break;
            }
        }

        return file switch
        {
            null => new(words),
            > 0 when file == words.Count - 1 && words[^1].Length > 0 => new(words[..^1], File: words[^1]),
            _ => throw new UsageException("> stands between a command and the name of one new file: COMMAND > FILE"),
        };
    }

    // A word ends at a blank or at | outside of quotes.
    private static string Word(string line, ref int at, string? last)
    {
        StringBuilder word = new();
        while (at < line.Length && line[at] is not (' ' or '\t' or '|'))
        {
            char next = line[at++];
            if (next is '\'' or '"')
            {
                int end = line.IndexOf(next, at);
                word.Append(end >= 0 ? line[at..end] : throw new UsageException($"a quote {next} has no end"));
                at = end + 1;
            }
            else if (next == '\\' && at < line.Length)
            {
                word.Append(line[at++]);
            }
            else
            {
                word.Append(next == Last && IsAlone(line, at - 1)
                    ? last ?? throw new UsageException("_ is the last address, and there was none yet")
                    : next.ToString());
            }
        }

        return word.ToString();
    }

    // _ is a name in C, a part of others, and stands in patterns: the address is meant where it begins a word or an operand.
    private static bool IsAlone(string line, int at) =>
        (at == 0 || line[at - 1] is ' ' or '\t' or '(' or '[' or '=' or ',')
            && (at + 1 == line.Length || line[at + 1] is ' ' or '\t' or ')' or ']' or ',' or '+' or '-' or '|');
}
