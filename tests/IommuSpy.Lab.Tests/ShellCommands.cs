using System.Text;

namespace IommuSpy.Lab.Tests;

/// <summary>
/// The first word of every command of a shell script: what it would look up as a program, a function or something of its own. Reads what this project's scripts
/// use of the language: quotes, substitutions, here-documents, case, for, functions. Words that begin with a variable are left out, since nobody can say what
/// they are.
/// </summary>
internal sealed class ShellCommands
{
    private const string Meta = " \t\n;|&()<>";
    private static readonly string[] Continuing = ["if", "then", "else", "elif", "do", "while", "until", "!", "{", "time", "exec", "sudo"];
    private static readonly string[] Closing = ["fi", "done", "esac", "}", "for"];
    private readonly string _text;
    private readonly List<string> _words = [];
    private readonly HashSet<string> _functions = new(StringComparer.Ordinal);
    private readonly Queue<string> _hereDocuments = new();
    private int _at;

    private ShellCommands(string text) => _text = text.Replace("\\\n", " ", StringComparison.Ordinal);

    /// <summary>Reads a script.</summary>
    /// <returns>Its commands in order, and the functions that it makes.</returns>
    public static (IReadOnlyList<string> Commands, IReadOnlySet<string> Functions) Of(string script)
    {
        var reader = new ShellCommands(script);
        reader.List(depth: 0);
        return ([.. reader._words.Distinct(StringComparer.Ordinal)], reader._functions);
    }

    private char Current => _at < _text.Length ? _text[_at] : '\0';

    private void List(int depth)
    {
        bool expected = true;
        while (_at < _text.Length)
        {
            char c = Current;
            switch (c)
            {
                case '\n':
                    _at++;
                    SkipHereDocuments();
                    expected = true;
                    break;
                case ' ' or '\t':
                    _at++;
                    break;
                case ';' when _text.AsSpan(_at).StartsWith(";;"):
                    _at += 2;
                    SkipPattern();
                    expected = true;
                    break;
                case ';' or '|' or '&':
                    _at++;
                    expected = true;
                    break;
                case '(':
                    _at++;
                    List(depth + 1);
                    expected = false;
                    break;
                case ')':
                    _at++;
                    if (depth > 0)
                    {
                        return;
                    }

                    expected = true;
                    break;
                case '<' or '>':
                    Redirection();
                    break;
                case '#':
                    SkipLine();
                    break;
                default:
                    expected = Word(expected);
                    break;
            }
        }
    }

    // Reads a word; whether a command is expected after it.
    private bool Word(bool expected)
    {
        bool isPlain = true;
        var word = new StringBuilder();
        while (_at < _text.Length && !Meta.Contains(Current, StringComparison.Ordinal))
        {
            isPlain &= Piece(word);
        }

        string text = word.ToString();
        bool isNumberOfRedirection = Current is '<' or '>' && text.All(char.IsAsciiDigit);
        if (!expected || isNumberOfRedirection)
        {
            return expected;
        }

        if (Current == '(' && _at + 1 < _text.Length && _text[_at + 1] == ')')
        {
            _functions.Add(text);
            _at += 2;
            return true;
        }

        // The words of an array are no commands.
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals > 0 && Current == '(')
        {
            int close = _text.IndexOf(')', _at);
            _at = close < 0 ? _text.Length : close + 1;
            return false;
        }

        // An assignment before a command.
        if ((equals > 0 && text[..equals].All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '+')) || Continuing.Contains(text, StringComparer.Ordinal))
        {
            return true;
        }

        if (text == "case")
        {
            int names = _text.IndexOf(" in", _at, StringComparison.Ordinal);
            _at = names < 0 ? _text.Length : names + 3;
            SkipPattern();
            return true;
        }

        if (isPlain && text.Length > 0 && !Closing.Contains(text, StringComparer.Ordinal))
        {
            _words.Add(text);
        }

        return false;
    }

    // One character, quotation or substitution of a word; whether it is the script's own text.
    private bool Piece(StringBuilder word)
    {
        switch (Current)
        {
            case '\'':
                int end = _text.IndexOf('\'', _at + 1);
                _at = end < 0 ? _text.Length : end + 1;
                return false;
            case '"':
                _at++;
                while (_at < _text.Length && Current != '"')
                {
                    // An apostrophe is one here.
                    if (Current == '\'')
                    {
                        _at++;
                    }
                    else
                    {
                        Piece(new StringBuilder());
                    }
                }

                _at++;
                return false;
            case '\\':
                _at += 2;
                return true;
            case '$' when _text.AsSpan(_at).StartsWith("$(("):
                _at += 3;
                while (_at < _text.Length && !_text.AsSpan(_at).StartsWith("))"))
                {
                    Piece(new StringBuilder());
                }

                _at += 2;
                return false;
            case '$' when _text.AsSpan(_at).StartsWith("$("):
                _at += 2;
                List(depth: 1);
                return false;
            case '$' when _text.AsSpan(_at).StartsWith("${"):
                int brace = _text.IndexOf('}', _at);
                _at = brace < 0 ? _text.Length : brace + 1;
                return false;
            case '$':
                _at++;
                return false;
            default:
                word.Append(Current);
                _at++;
                return true;
        }
    }

    private void Redirection()
    {
        if (_text.AsSpan(_at).StartsWith("<<"))
        {
            _at += 2;
            SkipBlanks();
            int start = _at;
            while (_at < _text.Length && !Meta.Contains(Current, StringComparison.Ordinal))
            {
                _at++;
            }

            _hereDocuments.Enqueue(_text[start.._at].Trim('\'', '"'));
            return;
        }

        while (Current is '<' or '>' or '&')
        {
            _at++;
        }

        SkipBlanks();
        while (_at < _text.Length && !Meta.Contains(Current, StringComparison.Ordinal))
        {
            Piece(new StringBuilder());
        }
    }

    // A pattern of a case, up to its parenthesis.
    private void SkipPattern()
    {
        while (Current is ' ' or '\t' or '\n')
        {
            _at++;
        }

        if (_text.AsSpan(_at).StartsWith("esac"))
        {
            return;
        }

        while (_at < _text.Length && Current != ')')
        {
            Piece(new StringBuilder());
        }

        _at++;
    }

    private void SkipBlanks()
    {
        while (Current is ' ' or '\t')
        {
            _at++;
        }
    }

    private void SkipLine()
    {
        while (_at < _text.Length && Current != '\n')
        {
            _at++;
        }
    }

    private void SkipHereDocuments()
    {
        while (_hereDocuments.TryDequeue(out string? end))
        {
            int found = _text.IndexOf($"\n{end}\n", Math.Max(0, _at - 1), StringComparison.Ordinal);
            _at = found < 0 ? _text.Length : found + end.Length + 2;
        }
    }
}
