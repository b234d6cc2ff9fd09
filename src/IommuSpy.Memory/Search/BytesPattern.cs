using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace IommuSpy.Memory.Search;

/// <summary>
/// Bytes, of each of which some bits have to be as they are here: plain bytes, bytes with wildcards, text whose case does not matter, numbers under a mask.
/// </summary>
public sealed class BytesPattern : SearchPattern
{
    // How common a byte is in memory, roughly: what is rare is looked for first.
    private const int CommonZero = 100;
    private const int CommonOnes = 30;
    private const int CommonText = 20;
    private const int CommonOther = 4;

    private readonly byte[] _value;
    private readonly byte[] _mask;
    private readonly int _alignment;
    private readonly int _first;
    private readonly int _second;

    /// <summary>A pattern.</summary>
    /// <param name="text">As it was asked for.</param>
    /// <param name="value">The bytes, 1 to <see cref="SearchPattern.MostBytes"/>.</param>
    /// <param name="mask">Which of their bits count; at least one bit.</param>
    /// <param name="alignment">A match begins at a multiple of this.</param>
    public BytesPattern(string text, ReadOnlySpan<byte> value, ReadOnlySpan<byte> mask, int alignment = 1) : base(text)
    {
        if (value.Length is 0 or > MostBytes || mask.Length != value.Length)
        {
            throw new ArgumentException($"a pattern has 1 to {MostBytes} bytes, and as many of its mask", nameof(value));
        }

        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(alignment);
        _value = new byte[value.Length];
        _mask = mask.ToArray();
        for (int i = 0; i < value.Length; i++)
        {
            _value[i] = (byte)(value[i] & mask[i]);
        }

        _alignment = alignment;
        int[] rare = [.. Enumerable.Range(0, value.Length).OrderBy(Commonness)];
        if (_mask[rare[0]] == 0)
        {
            throw new ArgumentException("a pattern of wildcards alone matches everywhere", nameof(mask));
        }

        _first = rare[0];
        _second = rare.Length > 1 && _mask[rare[1]] != 0 ? rare[1] : rare[0];
    }

    /// <summary>The bytes that are looked at first, where all of their bits count and none is masked; empty where there are fewer than four in a row.</summary>
    internal ReadOnlySpan<byte> Anchor => Exact.Length == 0 ? default : _value.AsSpan(Exact.Start, sizeof(uint));

    /// <summary>Where the anchor stands.</summary>
    internal int AnchorAt => Exact.Start;

    /// <inheritdoc/>
    public override int Longest => _value.Length;

    /// <inheritdoc/>
    public override bool MatchesZeros => !_value.AsSpan().ContainsAnyExcept((byte)0);

    private (int Start, int Length) Exact
    {
        get
        {
            for (int start = 0; start + sizeof(uint) <= _mask.Length; start++)
            {
                // Of text and code four bytes from the beginning tell as much as any.
                if (BinaryPrimitives.ReadUInt32LittleEndian(_mask.AsSpan(start)) == uint.MaxValue
                    && BinaryPrimitives.ReadUInt32LittleEndian(_value.AsSpan(start)) != 0)
                {
                    return (start, sizeof(uint));
                }
            }

            return (0, 0);
        }
    }

    /// <inheritdoc/>
    internal override void Find(ReadOnlySpan<byte> bytes, int starts, ulong address, int number, List<SearchMatch> matches, int most)
    {
        int last = Math.Min(starts, bytes.Length - _value.Length + 1);
        int at = 0;
        if (Vector256.IsHardwareAccelerated)
        {
            // Two bytes of the pattern are compared at 32 places at once; what both of them let through is compared in full.
            ref byte memory = ref MemoryMarshal.GetReference(bytes);
            Vector256<byte> firstMask = Vector256.Create(_mask[_first]);
            Vector256<byte> firstValue = Vector256.Create(_value[_first]);
            Vector256<byte> secondMask = Vector256.Create(_mask[_second]);
            Vector256<byte> secondValue = Vector256.Create(_value[_second]);
            for (; at <= last - Vector256<byte>.Count; at += Vector256<byte>.Count)
            {
                Vector256<byte> first = Vector256.LoadUnsafe(ref memory, (nuint)(at + _first)) & firstMask;
                Vector256<byte> second = Vector256.LoadUnsafe(ref memory, (nuint)(at + _second)) & secondMask;
                Vector256<byte> both = Vector256.Equals(first, firstValue) & Vector256.Equals(second, secondValue);
                for (uint places = both.ExtractMostSignificantBits(); places != 0; places &= places - 1)
                {
                    Add(bytes, at + BitOperations.TrailingZeroCount(places), address, number, matches);
                }

                if (matches.Count >= most)
                {
                    return;
                }
            }
        }

        for (; at < last && matches.Count < most; at++)
        {
            Add(bytes, at, address, number, matches);
        }
    }

    /// <summary>Whether there is a match at an offset.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="at">The offset.</param>
    /// <param name="address">The address of the first byte.</param>
    internal bool IsAt(ReadOnlySpan<byte> bytes, int at, ulong address)
    {
        if (at < 0 || at + _value.Length > bytes.Length || (_alignment > 1 && (address + (ulong)at) % (ulong)_alignment != 0))
        {
            return false;
        }

        ReadOnlySpan<byte> there = bytes.Slice(at, _value.Length);
        for (int i = 0; i < there.Length; i++)
        {
            if ((there[i] & _mask[i]) != _value[i])
            {
                return false;
            }
        }

        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Add(ReadOnlySpan<byte> bytes, int at, ulong address, int number, List<SearchMatch> matches)
    {
        if (IsAt(bytes, at, address))
        {
            matches.Add(new(at, _value.Length, number));
        }
    }

    private int Commonness(int at) => (8 - BitOperations.PopCount(_mask[at])) * 1000 + _value[at] switch
    {
        0 => CommonZero,
        0xff => CommonOnes,
        (byte)' ' or (>= (byte)'a' and <= (byte)'z') => CommonText,
        _ => CommonOther,
    };
}
