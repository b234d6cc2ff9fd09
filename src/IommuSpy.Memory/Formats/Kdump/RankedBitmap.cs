using System.Numerics;
using System.Runtime.InteropServices;

namespace IommuSpy.Memory.Formats.Kdump;

/// <summary>A bit for each page, and how many are set before any of them: an eighth more than the bitmap itself.</summary>
internal sealed class RankedBitmap
{
    private const int WordBits = 64;
    private const int WordsInBlock = 8;

    private readonly ulong[] _words;
    private readonly ulong[] _ranks;

    /// <summary>A bitmap out of its bytes, the lowest bit of each first.</summary>
    /// <param name="bytes">Read into the bitmap; what is missing at the end is zeros.</param>
    /// <param name="bits">How many bits count: those after are cleared.</param>
    internal RankedBitmap(ReadOnlySpan<byte> bytes, ulong bits)
    {
        Bits = Math.Min(bits, (ulong)bytes.Length * 8);
        int words = (int)((Bits + WordBits - 1) / WordBits);
        _words = new ulong[words];
        bytes[..Math.Min(bytes.Length, words * sizeof(ulong))].CopyTo(MemoryMarshal.AsBytes(_words.AsSpan()));
        if (Bits % WordBits != 0)
        {
            _words[^1] &= (1UL << (int)(Bits % WordBits)) - 1;
        }

        _ranks = new ulong[(words / WordsInBlock) + 1];
        for (int i = 0; i < words; i++)
        {
            if (i % WordsInBlock == 0)
            {
                _ranks[i / WordsInBlock] = Count;
            }

            Count += (ulong)BitOperations.PopCount(_words[i]);
        }

        if (words % WordsInBlock == 0)
        {
            _ranks[^1] = Count;
        }
    }

    /// <summary>Bits of the map.</summary>
    internal ulong Bits { get; }

    /// <summary>Bits that are set.</summary>
    internal ulong Count { get; }

    /// <summary>Whether a bit is set; those past the end are not.</summary>
    internal bool this[ulong bit] => bit < Bits && (_words[bit / WordBits] & (1UL << (int)(bit % WordBits))) != 0;

    /// <summary>How many bits are set before <paramref name="bit"/>.</summary>
    internal ulong Rank(ulong bit)
    {
        if (bit >= Bits)
        {
            return Count;
        }

        ulong word = bit / WordBits;
        ulong rank = _ranks[word / WordsInBlock];
        for (ulong i = word - (word % WordsInBlock); i < word; i++)
        {
            rank += (ulong)BitOperations.PopCount(_words[i]);
        }

        return rank + (ulong)BitOperations.PopCount(_words[word] & ((1UL << (int)(bit % WordBits)) - 1));
    }

    /// <summary>Runs of set bits from <paramref name="start"/> up to before <paramref name="end"/>, in order.</summary>
    internal IEnumerable<(ulong First, ulong Count)> Runs(ulong start = 0, ulong end = ulong.MaxValue)
    {
        end = Math.Min(end, Bits);
        for (ulong at = Next(start, end, isSet: true); at < end;)
        {
            ulong stop = Next(at, end, isSet: false);
            yield return (at, stop - at);
            at = Next(stop, end, isSet: true);
        }
    }

    // The first bit from there on that is set, or is not; the end where there is none.
    private ulong Next(ulong from, ulong end, bool isSet)
    {
        while (from < end)
        {
            ulong word = _words[from / WordBits] ^ (isSet ? 0 : ulong.MaxValue);
            word &= ulong.MaxValue << (int)(from % WordBits);
            ulong wordStart = from - (from % WordBits);
            if (word != 0)
            {
                return Math.Min(end, wordStart + (ulong)BitOperations.TrailingZeroCount(word));
            }

            from = wordStart + WordBits;
        }

        return end;
    }
}
