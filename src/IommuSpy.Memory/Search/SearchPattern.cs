namespace IommuSpy.Memory.Search;

/// <summary>What is searched for in memory. Immutable; safe to share between threads.</summary>
/// <param name="text">As it was asked for.</param>
public abstract class SearchPattern(string text)
{
    /// <summary>Bytes that a match has at the most.</summary>
    public const int MostBytes = 4096;

    /// <summary>As it was asked for.</summary>
    public string Text { get; } = text;

    /// <summary>Bytes that a match may have at the most.</summary>
    public abstract int Longest { get; }

    /// <summary>Whether a run of zeros is a match: then pages of zeros cannot be passed over.</summary>
    public abstract bool MatchesZeros { get; }

    /// <summary>Adds every match that begins before an offset, in order.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="starts">Matches begin before this offset; what follows is there for them to end in.</param>
    /// <param name="address">The address of the first byte: what has to be aligned is, by its address.</param>
    /// <param name="number">The pattern's number, which each match carries.</param>
    /// <param name="matches">Takes them.</param>
    /// <param name="most">No more of them than this are added.</param>
    internal abstract void Find(ReadOnlySpan<byte> bytes, int starts, ulong address, int number, List<SearchMatch> matches, int most);
}
