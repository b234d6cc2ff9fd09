using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace IommuSpy.Memory.Search;

/// <summary>
/// Patterns that are searched for together. Few are searched for one after the other, each with the processor's vectors; of many, four bytes of each are looked
/// up at every place at once.
/// </summary>
public sealed class PatternSet
{
    // From how many patterns on one look-up a place is faster than a pass a pattern.
    private const int Many = 6;
    private const int HashBits = 18;
    private const uint HashFactor = 0x9e37_79b1;

    private readonly SearchPattern[] _patterns;
    private readonly int[] _alone;
    private readonly ulong[] _present = [];
    private readonly Dictionary<uint, int[]> _byAnchor = [];

    /// <summary>A set.</summary>
    /// <param name="patterns">The patterns; a match carries its place in this list.</param>
    public PatternSet(IReadOnlyList<SearchPattern> patterns)
    {
        _patterns = [.. patterns];
        int[] anchored = [.. Enumerable.Range(0, _patterns.Length).Where(i => _patterns[i] is BytesPattern { Anchor.Length: > 0 })];
        if (anchored.Length < Many)
        {
            anchored = [];
        }

        _alone = [.. Enumerable.Range(0, _patterns.Length).Except(anchored)];
        if (anchored.Length > 0)
        {
            _present = new ulong[(1 << HashBits) / 64];
            foreach (IGrouping<uint, int> group in anchored.GroupBy(i => BinaryPrimitives.ReadUInt32LittleEndian(((BytesPattern)_patterns[i]).Anchor)))
            {
                uint hash = Hash(group.Key);
                _present[hash >> 6] |= 1UL << (int)(hash & 63);
                _byAnchor.Add(group.Key, [.. group]);
            }
        }
    }

    /// <summary>The patterns.</summary>
    public IReadOnlyList<SearchPattern> Patterns => _patterns;

    /// <summary>Bytes that a match may have at the most.</summary>
    public int Longest => _patterns.Length == 0 ? 1 : _patterns.Max(pattern => pattern.Longest);

    /// <summary>Whether a run of zeros is a match.</summary>
    public bool MatchesZeros => _patterns.Any(pattern => pattern.MatchesZeros);

    /// <summary>Every match that begins before an offset, by where it begins, then by pattern.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="starts">Matches begin before this offset.</param>
    /// <param name="address">The address of the first byte.</param>
    /// <param name="most">Of each pattern, no more than this, rounded up to what one step finds.</param>
    internal List<SearchMatch> Find(ReadOnlySpan<byte> bytes, int starts, ulong address, int most = int.MaxValue)
    {
        List<SearchMatch> matches = [];
        foreach (int i in _alone)
        {
            _patterns[i].Find(bytes, starts, address, i, matches, most > int.MaxValue - matches.Count ? int.MaxValue : matches.Count + most);
        }

        if (_present.Length > 0)
        {
            Together(bytes, starts, address, matches);
        }

        if (_patterns.Length > 1)
        {
            matches.Sort(static (one, other) => one.Offset != other.Offset ? one.Offset.CompareTo(other.Offset) : one.Pattern.CompareTo(other.Pattern));
        }

        return matches;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Hash(uint anchor) => (anchor * HashFactor) >> (32 - HashBits);

    private void Together(ReadOnlySpan<byte> bytes, int starts, ulong address, List<SearchMatch> matches)
    {
        ref byte memory = ref MemoryMarshal.GetReference(bytes);
        ref ulong present = ref MemoryMarshal.GetArrayDataReference(_present);
        int last = bytes.Length - sizeof(uint);
        for (int at = 0; at <= last; at++)
        {
            uint anchor = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref memory, at));
            uint hash = Hash(anchor);
            if (((Unsafe.Add(ref present, hash >> 6) >> (int)(hash & 63)) & 1) != 0 && _byAnchor.TryGetValue(anchor, out int[]? those))
            {
                foreach (int i in those)
                {
                    BytesPattern pattern = (BytesPattern)_patterns[i];
                    int start = at - pattern.AnchorAt;
                    if (start < starts && pattern.IsAt(bytes, start, address))
                    {
                        matches.Add(new(start, pattern.Longest, i));
                    }
                }
            }
        }
    }
}
