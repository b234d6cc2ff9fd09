using System.Buffers.Binary;

namespace IommuSpy.Linux.Kallsyms;

/// <summary>
/// Finds num_syms, names and markers, which precede the token table in every version, with at most kallsyms_seqs_of_names between (6.2, 6.3, backports).
/// Backwards from the token table: markers are ascending words from 0; their last says about where the names start; num_syms before that start says how
/// many names to step over; and then every marker must name the place that stepping reached.
/// </summary>
internal static class NameSectionFinder
{
    /// <summary>Symbols that one marker stands for.</summary>
    public const int Group = 256;

    /// <summary>The smallest useful kernels have about five thousand symbols; below this too few markers are left to confirm anything.</summary>
    private const int FewestSymbols = 1024;

    /// <summary>An allyesconfig kernel has about a million.</summary>
    private const int MostSymbols = 1 << 21;

    /// <summary>Bytes of a name: its length and at least one token; its length in two bytes and twice KSYM_NAME_LEN.</summary>
    private const int ShortestName = 2;
    private const int LongestName = 2 + 1024;

    /// <summary>Bytes of one entry of kallsyms_seqs_of_names.</summary>
    public const int SequenceSize = 3;

    /// <summary>Every array is aligned to 4 bytes at least (8 before 7.0), which also bounds the padding after the names.</summary>
    private const int Alignment = 4;
    private const int MostPadding = 64;

    /// <summary>The section before <paramref name="tokens"/>, or null.</summary>
    public static NameSection? Find(ReadOnlySpan<byte> image, TokenTable tokens, SearchBudget budget)
    {
        int end = tokens.Offset;
        int floor = Math.Max(0, end - (MostSymbols * SequenceSize) - (MostSymbols / Group * sizeof(ulong)) - MostPadding);
        for (int offset = (end - Alignment) & -Alignment; offset >= floor; offset -= Alignment)
        {
            if (!budget.TrySpend(1))
            {
                return null;
            }

            if (BinaryPrimitives.ReadUInt32LittleEndian(image[offset..]) == 0
                && (TryMarkers(image, tokens, budget, offset, sizeof(uint)) ?? TryMarkers(image, tokens, budget, offset, sizeof(ulong))) is { } section)
            {
                return section;
            }
        }

        return null;
    }

    private static NameSection? TryMarkers(ReadOnlySpan<byte> image, TokenTable tokens, SearchBudget budget, int markersOffset, int size)
    {
        var markers = new Markers(image[markersOffset..tokens.Offset], size);
        int run = 1;
        while (run < markers.Length && run <= MostSymbols / Group
            && unchecked(markers[run] - markers[run - 1]) is >= Group * ShortestName and <= Group * LongestName)
        {
            run++;
        }

        // What follows the markers may by chance go on ascending, so the last of the run need not be a marker. Two such words are allowed for.
        if (run < FewestSymbols / Group || !budget.TrySpend(run))
        {
            return null;
        }

        long highest = markersOffset - (long)markers[Math.Max(0, run - 3)];
        long lowest = Math.Max(sizeof(ulong), markersOffset - (long)markers[run - 1] - (Group * LongestName) - MostPadding);
        for (long start = highest & -Alignment; start >= lowest; start -= Alignment)
        {
            // num_syms stands before the names: 64 bits wide, or 32 with or without padding.
            int names = (int)start;
            uint near = BinaryPrimitives.ReadUInt32LittleEndian(image[(names - 4)..]);
            uint far = BinaryPrimitives.ReadUInt32LittleEndian(image[(names - 8)..]);
            (uint count, int countOffset) = near == 0 ? (far, names - 8) : (near, names - 4);
            int groups = (int)Math.Min((count + (ulong)Group - 1) / Group, int.MaxValue);
            if (count >= FewestSymbols && groups <= run && groups >= run - 2)
            {
                NameSection? section = TryNames(image, tokens, budget, markers, markersOffset, countOffset, (int)count, names, twoByteLengths: true)
                    ?? TryNames(image, tokens, budget, markers, markersOffset, countOffset, (int)count, names, twoByteLengths: false);
                if (section is not null)
                {
                    return section;
                }
            }

            if (!budget.TrySpend(1))
            {
                return null;
            }
        }

        return null;
    }

    private static NameSection? TryNames(
        ReadOnlySpan<byte> image, TokenTable tokens, SearchBudget budget, Markers markers, int markersOffset, int countOffset, int count, int namesOffset,
        bool twoByteLengths)
    {
        ReadOnlySpan<byte> names = image[namesOffset..markersOffset];
        int position = 0;
        bool hasLongNames = false;
        for (int i = 0; i < count; i++)
        {
            if (i % Group == 0 && (markers[i / Group] != (ulong)position || !budget.TrySpend(Group)))
            {
                return null;
            }

            if (position >= names.Length)
            {
                return null;
            }

            int length = names[position++];
            if (length >= 0x80)
            {
                hasLongNames = true;
                if (twoByteLengths)
                {
                    if (position >= names.Length)
                    {
                        return null;
                    }

                    length = (length & 0x7f) | (names[position++] << 7);
                }
            }

            // The first token starts with the type letter, so it is no place for anything else.
            if (length == 0 || length > names.Length - position || !IsType(tokens[names[position]][0]))
            {
                return null;
            }

            position += length;
        }

        if (names.Length - position > MostPadding || names[position..].ContainsAnyExcept((byte)0))
        {
            return null;
        }

        return new NameSection(countOffset, count, namesOffset, position, markersOffset, markers.Size, twoByteLengths, hasLongNames);
    }

    private static bool IsType(byte letter) => char.IsAsciiLetter((char)letter) || letter == '?';

    private readonly ref struct Markers(ReadOnlySpan<byte> bytes, int size)
    {
        private readonly ReadOnlySpan<byte> _bytes = bytes;

        public int Size { get; } = size;

        public int Length => _bytes.Length / Size;

        public ulong this[int index] => Size == sizeof(uint)
            ? BinaryPrimitives.ReadUInt32LittleEndian(_bytes[(index * sizeof(uint))..])
            : BinaryPrimitives.ReadUInt64LittleEndian(_bytes[(index * sizeof(ulong))..]);
    }
}
