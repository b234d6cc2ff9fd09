using System.Runtime.CompilerServices;

namespace IommuSpy.Memory.Compression;

/// <summary>
/// Decodes one alphabet of a deflate block. Codes of up to a number of bits are looked up at once; longer ones, which are rare by what they are, go
/// length by length through the canonical order (RFC 1951, 3.2.2).
/// </summary>
/// <remarks>An entry holds the code's bits in 0-3, extra bits in 4-7, the kind in 8-11, and a value from 12 up. 0 is no code.</remarks>
internal sealed class HuffmanTable
{
    internal const uint End = EndKind;

    private const int LongestCode = 15;
    private const int MostSymbols = 288;
    private const uint LengthMask = 0xf;
    private const int ExtraShift = 4;
    private const int ValueShift = 12;
    private const uint LiteralKind = 1 << 8;
    private const uint MatchKind = 1 << 9;
    private const uint EndKind = 1 << 10;
    private const uint LongKind = 1 << 11;

    private readonly int _primaryBits;
    private readonly uint[] _primary;
    private readonly uint[] _sorted = new uint[MostSymbols];
    private readonly int[] _counts = new int[LongestCode + 1];

    internal HuffmanTable(int primaryBits)
    {
        _primaryBits = primaryBits;
        _primary = new uint[1 << primaryBits];
    }

    internal static uint Literal(uint value) => LiteralKind | (value << ValueShift);

    internal static uint Match(uint value, int extraBits) => MatchKind | ((uint)extraBits << ExtraShift) | (value << ValueShift);

    internal static bool IsLiteral(uint entry) => (entry & LiteralKind) != 0;

    internal static bool IsMatch(uint entry) => (entry & MatchKind) != 0;

    internal static bool IsEnd(uint entry) => (entry & EndKind) != 0;

    internal static uint Value(uint entry) => entry >> ValueShift;

    internal static int ExtraBits(uint entry) => (int)(entry >> ExtraShift) & 0xf;

    /// <summary>Takes the lengths of the codes of the symbols.</summary>
    /// <param name="lengths">Bits of each symbol's code, 0 for none.</param>
    /// <param name="symbols">What each symbol means.</param>
    /// <returns>False where there are more codes than the lengths leave room for. Codes left over decode as none.</returns>
    internal bool Build(ReadOnlySpan<byte> lengths, ReadOnlySpan<uint> symbols)
    {
        Span<int> counts = _counts;
        counts.Clear();
        foreach (byte length in lengths)
        {
            counts[length]++;
        }

        counts[0] = 0;
        Span<int> next = stackalloc int[LongestCode + 2];
        Span<int> place = stackalloc int[LongestCode + 2];
        int code = 0;
        int left = 1;
        for (int length = 1; length <= LongestCode; length++)
        {
            left = (left << 1) - counts[length];
            if (left < 0)
            {
                return false;
            }

            next[length] = code;
            code = (code + counts[length]) << 1;
            place[length + 1] = place[length] + counts[length];
        }

        // A complete set of short codes fills every entry itself.
        if (left > 0)
        {
            _primary.AsSpan().Clear();
        }

        for (int symbol = 0; symbol < lengths.Length; symbol++)
        {
            int length = lengths[symbol];
            if (length == 0)
            {
                continue;
            }

            uint entry = symbols[symbol] == 0 ? 0 : symbols[symbol] | (uint)length;
            _sorted[place[length]++] = entry;
            uint reversed = Reversed((uint)next[length]++, length);
            if (length <= _primaryBits)
            {
                for (uint at = reversed; at < _primary.Length; at += 1u << length)
                {
                    _primary[at] = entry;
                }
            }
            else
            {
                _primary[reversed & (uint)(_primary.Length - 1)] = LongKind;
            }
        }

        return true;
    }

    /// <summary>Takes the next code. It needs 15 bits at hand, and takes none of the extra bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal uint Next(ref Inflater.Bits bits)
    {
        uint[] primary = _primary;
        uint entry = primary[(int)bits.Peek & (primary.Length - 1)];
        if ((entry & LongKind) != 0)
        {
            entry = Long(bits.Peek);
        }

        bits.Skip((int)(entry & LengthMask));
        return entry;
    }

    private uint Long(ulong bits)
    {
        int code = 0;
        int first = 0;
        int index = 0;
        for (int length = 1; length <= LongestCode; length++)
        {
            code |= (int)(bits & 1);
            bits >>= 1;
            int count = _counts[length];
            if (code - first < count)
            {
                return _sorted[index + (code - first)];
            }

            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }

        return 0;
    }

    private static uint Reversed(uint code, int length)
    {
        uint reversed = 0;
        for (int i = 0; i < length; i++)
        {
            reversed = (reversed << 1) | (code & 1);
            code >>= 1;
        }

        return reversed;
    }
}
