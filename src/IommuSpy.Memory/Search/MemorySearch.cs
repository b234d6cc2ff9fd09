using System.Buffers;
using IommuSpy.Memory.Writing;

namespace IommuSpy.Memory.Search;

/// <summary>
/// Searches memory for patterns: pieces on all cores, matches in the order of their addresses. What is kept at a time is some pieces for each core, however
/// large the memory is.
/// </summary>
public sealed class MemorySearch
{
    private const int PieceBytes = 1 << 20;

    private readonly PatternSet _patterns;
    private readonly Func<ulong, Span<byte>, int> _read;
    private readonly PhysicalMemory? _mapped;

    /// <summary>A search of a space.</summary>
    /// <param name="patterns">What is searched for.</param>
    /// <param name="read">Reads bytes from an address on, and tells how many there were before the first that is not there.</param>
    public MemorySearch(PatternSet patterns, Func<ulong, Span<byte>, int> read) => (_patterns, _read) = (patterns, read);

    /// <summary>A search of physical memory.</summary>
    /// <param name="patterns">What is searched for.</param>
    /// <param name="memory">The memory.</param>
    public MemorySearch(PatternSet patterns, PhysicalMemory memory)
        : this(patterns, (address, bytes) => memory.Read(new(address), bytes)) => _mapped = memory;

    /// <summary>
    /// What of a memory can have a match: its data, with as much of the zeros around it as a match may reach into; all of it where zeros match.
    /// </summary>
    /// <param name="memory">The memory.</param>
    /// <param name="patterns">What is searched for.</param>
    /// <param name="within">Only in this range; null for all.</param>
    public static IEnumerable<(ulong First, ulong Bytes)> RangesOf(PhysicalMemory memory, PatternSet patterns, PhysicalRange? within = null)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(patterns);
        ulong reach = (ulong)patterns.Longest - 1;
        reach = (reach + PageFrame.Size - 1) & ~(ulong)(PageFrame.Size - 1);
        ulong end = 0;
        foreach (PhysicalRange range in patterns.MatchesZeros ? memory.Ranges : memory.DataRanges)
        {
            ulong first = range.Start.Value > reach ? range.Start.Value - reach : 0;
            (ulong start, ulong last) = (Math.Max(first, end), range.Last.Value);
            if (within is PhysicalRange wanted)
            {
                (start, last) = (Math.Max(start, wanted.Start.Value), Math.Min(last, wanted.Last.Value));
            }

            if (start <= last)
            {
                end = last + 1;
                yield return (start, last - start + 1);
            }
        }
    }

    /// <summary>Hands over every match that begins in some ranges, in their order.</summary>
    /// <param name="ranges">The ranges, in order, apart from one another.</param>
    /// <param name="take">Takes the address of a match and the match; false where no more are wanted.</param>
    /// <param name="most">No more matches than this are wanted.</param>
    public void Run(IEnumerable<(ulong First, ulong Bytes)> ranges, Func<ulong, SearchMatch, bool> take, long most = long.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(ranges);
        ArgumentNullException.ThrowIfNull(take);
        bool wanted = most > 0;
        ulong[] behind = new ulong[_patterns.Patterns.Count];
        OrderedPipeline.Run(
            Pieces(ranges, _patterns.Longest).TakeWhile(_ => wanted),
            piece => (piece, Matches: Search(piece, (int)Math.Min(most, int.MaxValue))),
            found =>
            {
                foreach (SearchMatch match in found.Matches)
                {
                    ulong address = found.piece.Address + (ulong)match.Offset;

                    // A regular expression's match may reach into the next piece, where it is not to be found once more.
                    bool again = _patterns.Patterns[match.Pattern] is RegexPattern && address < behind[match.Pattern];
                    if (wanted && !again)
                    {
                        behind[match.Pattern] = address + (ulong)match.Length;
                        wanted = take(address, match);
                    }
                }
            });
    }

    private static IEnumerable<SearchPiece> Pieces(IEnumerable<(ulong First, ulong Bytes)> ranges, int longest)
    {
        foreach ((ulong first, ulong bytes) in ranges)
        {
            for (ulong done = 0; done < bytes; done += PieceBytes)
            {
                int starts = (int)Math.Min(PieceBytes, bytes - done);

                // A match may end behind its range, as far as there is memory.
                ulong address = first + done;
                int length = (int)Math.Min((ulong)(starts + longest - 1), unchecked(0 - address) is 0 ? ulong.MaxValue : unchecked(0 - address));
                yield return new(address, starts, length);
            }
        }
    }

    private List<SearchMatch> Search(SearchPiece piece, int most)
    {
        if (_mapped is not null && _mapped.TryGetSpan(new(piece.Address), piece.Length, out ReadOnlySpan<byte> mapped))
        {
            return _patterns.Find(mapped, piece.Starts, piece.Address, most);
        }

        byte[] copy = ArrayPool<byte>.Shared.Rent(piece.Length);
        try
        {
            List<SearchMatch>? all = null;
            for (int from = 0; from < piece.Starts;)
            {
                int read = _read(piece.Address + (ulong)from, copy.AsSpan(from, piece.Length - from));
                int begin = from;
                if (read > 0)
                {
                    List<SearchMatch> found = _patterns.Find(copy.AsSpan(begin, read), piece.Starts - begin, piece.Address + (ulong)begin, most);
                    if (begin > 0)
                    {
                        found = found.ConvertAll(match => match with { Offset = match.Offset + begin });
                    }

                    (all ??= []).AddRange(found);
                }

                // Behind the page that is not there.
                ulong next = (piece.Address + (ulong)(from + read)) | (PageFrame.Size - 1);
                from = (int)Math.Min(next - piece.Address + 1, int.MaxValue);
            }

            return all ?? [];
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(copy);
        }
    }
}
