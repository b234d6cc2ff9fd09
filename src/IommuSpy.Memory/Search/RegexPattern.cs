using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;

namespace IommuSpy.Memory.Search;

/// <summary>A regular expression over bytes: each byte is the character of its number, so that \xff is a byte. Its time is linear in the bytes.</summary>
public sealed class RegexPattern : SearchPattern
{
    private readonly Regex _regex;

    /// <summary>A pattern.</summary>
    /// <param name="text">As it was asked for.</param>
    /// <param name="expression">The expression, without look-around and back references.</param>
    /// <param name="ignoreCase">Whether the case of letters does not matter.</param>
    /// <exception cref="ArgumentException">It is none, or it matches nothing at all, everywhere.</exception>
    public RegexPattern(string text, string expression, bool ignoreCase) : base(text)
    {
        try
        {
            RegexOptions options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;
            _regex = new(expression, options | (ignoreCase ? RegexOptions.IgnoreCase : RegexOptions.None), Regex.InfiniteMatchTimeout);
        }
        catch (NotSupportedException e)
        {
            throw new ArgumentException(e.Message, nameof(expression), e);
        }

        if (_regex.IsMatch(""))
        {
            throw new ArgumentException("it matches nothing at all, and so everywhere", nameof(expression));
        }

        MatchesZeros = _regex.IsMatch(new string('\0', MostBytes));
    }

    /// <inheritdoc/>
    public override int Longest => MostBytes;

    /// <inheritdoc/>
    public override bool MatchesZeros { get; }

    /// <inheritdoc/>
    internal override void Find(ReadOnlySpan<byte> bytes, int starts, ulong address, int number, List<SearchMatch> matches, int most)
    {
        char[] characters = ArrayPool<char>.Shared.Rent(bytes.Length);
        try
        {
            int length = Encoding.Latin1.GetChars(bytes, characters);
            foreach (ValueMatch match in _regex.EnumerateMatches(characters.AsSpan(0, length)))
            {
                if (match.Index >= starts || matches.Count >= most)
                {
                    break;
                }

                matches.Add(new(match.Index, Math.Min(match.Length, MostBytes), number));
            }
        }
        finally
        {
            ArrayPool<char>.Shared.Return(characters);
        }
    }
}
