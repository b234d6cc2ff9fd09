using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text;

namespace IommuSpy.Linux.Kallsyms;

/// <summary>
/// A hash index from names to symbols, built without decoding a name: the hash is a polynomial over the characters, so a token adds to it by one
/// multiplication, whatever way a name is cut into tokens.
/// </summary>
internal sealed class NameIndex
{
    private const uint Multiplier = 0x01000193;

    private readonly CompressedNames _names;

    /// <summary>
    /// The first symbol of each bucket, and the next one of the same bucket; -1 ends it. Chains ascend, so the first match is the table's first.
    /// </summary>
    private readonly int[] _heads;
    private readonly int[] _next;
    private readonly int _shift;

    private NameIndex(CompressedNames names, int[] heads, int[] next, int shift)
    {
        _names = names;
        _heads = heads;
        _next = next;
        _shift = shift;
    }

    /// <summary>False if a name is longer than <see cref="CompressedNames.LongestName"/>, which makes the table no kernel's.</summary>
    public static bool TryBuild(CompressedNames names, [NotNullWhen(true)] out NameIndex? index)
    {
        // hash(text + token) = hash(text) * Multiplier^length(token) + hash(token)
        Span<uint> factors = stackalloc uint[TokenTable.Count];
        Span<uint> hashes = stackalloc uint[TokenTable.Count];
        Span<uint> firstHashes = stackalloc uint[TokenTable.Count];
        Span<int> lengths = stackalloc int[TokenTable.Count];
        for (int code = 0; code < TokenTable.Count; code++)
        {
            ReadOnlySpan<byte> text = names.Tokens[(byte)code];
            hashes[code] = Hash(text);
            firstHashes[code] = Hash(text[1..]);
            lengths[code] = text.Length;
            factors[code] = 1;
            for (int i = 0; i < text.Length; i++)
            {
                factors[code] *= Multiplier;
            }
        }

        int bits = Math.Max(1, BitOperations.Log2((uint)names.Count) + 1);
        int shift = 32 - bits;
        var heads = GC.AllocateUninitializedArray<int>(1 << bits);
        heads.AsSpan().Fill(-1);
        var next = GC.AllocateUninitializedArray<int>(names.Count);
        for (int i = names.Count - 1; i >= 0; i--)
        {
            ReadOnlySpan<byte> codes = names.TokensOf(i);
            uint hash = firstHashes[codes[0]];
            int length = lengths[codes[0]] - 1;
            foreach (byte code in codes[1..])
            {
                hash = unchecked((hash * factors[code]) + hashes[code]);
                length += lengths[code];
            }

            if (length > CompressedNames.LongestName)
            {
                index = null;
                return false;
            }

            int bucket = Bucket(hash, shift);
            next[i] = heads[bucket];
            heads[bucket] = i;
        }

        index = new NameIndex(names, heads, next, shift);
        return true;
    }

    /// <summary>The first symbol after <paramref name="previous"/> (-1: from the start) called <paramref name="name"/>, or -1.</summary>
    [SkipLocalsInit]
    public int Find(ReadOnlySpan<char> name, int previous = -1)
    {
        if (name.Length > CompressedNames.LongestName)
        {
            return -1;
        }

        Span<byte> bytes = stackalloc byte[name.Length];
        if (!TryToBytes(name, bytes))
        {
            return -1;
        }

        int i = previous < 0 ? _heads[Bucket(Hash(bytes), _shift)] : _next[previous];
        while (i >= 0 && !_names.NameIs(i, bytes))
        {
            i = _next[i];
        }

        return i;
    }

    private static bool TryToBytes(ReadOnlySpan<char> name, Span<byte> bytes)
    {
        foreach (char c in name)
        {
            if (c > 0xff)
            {
                return false;
            }
        }

        Encoding.Latin1.GetBytes(name, bytes);
        return true;
    }

    private static uint Hash(ReadOnlySpan<byte> text)
    {
        uint hash = 0;
        foreach (byte b in text)
        {
            hash = unchecked((hash * Multiplier) + b);
        }

        return hash;
    }

    /// <summary>The polynomial's low bits know only the low bits of the characters: mix before cutting (Knuth 6.4, multiplicative).</summary>
    private static int Bucket(uint hash, int shift) => (int)(unchecked(hash * 0x9e3779b1) >> shift);
}
