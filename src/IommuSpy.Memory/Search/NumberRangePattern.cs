using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace IommuSpy.Memory.Search;

/// <summary>Numbers from one to another, little-endian: pointers into a range are such.</summary>
public sealed class NumberRangePattern : SearchPattern
{
    private readonly int _bytes;
    private readonly ulong _first;
    private readonly ulong _last;
    private readonly int _alignment;

    /// <summary>A pattern.</summary>
    /// <param name="text">As it was asked for.</param>
    /// <param name="bytes">Bytes of a number: 1, 2, 4 or 8.</param>
    /// <param name="first">The least number.</param>
    /// <param name="last">The greatest.</param>
    /// <param name="alignment">A match begins at a multiple of this.</param>
    public NumberRangePattern(string text, int bytes, ulong first, ulong last, int alignment) : base(text)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(last, first);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(alignment);
        (_bytes, _first, _last, _alignment) = (bytes, first, last, alignment);
    }

    /// <inheritdoc/>
    public override int Longest => _bytes;

    /// <inheritdoc/>
    public override bool MatchesZeros => _first == 0;

    /// <inheritdoc/>
    internal override void Find(ReadOnlySpan<byte> bytes, int starts, ulong address, int number, List<SearchMatch> matches, int most)
    {
        int last = Math.Min(starts, bytes.Length - _bytes + 1);
        int at = (int)(((ulong)_alignment - (address % (ulong)_alignment)) % (ulong)_alignment);
        if (_bytes == sizeof(ulong) && _alignment == sizeof(ulong) && Vector256.IsHardwareAccelerated)
        {
            // Pointers are what is searched for most: four at once.
            ref byte memory = ref MemoryMarshal.GetReference(bytes);
            Vector256<ulong> first = Vector256.Create(_first);
            Vector256<ulong> span = Vector256.Create(_last - _first);
            for (; at <= last - Vector256<byte>.Count; at += Vector256<byte>.Count)
            {
                Vector256<ulong> numbers = Vector256.LoadUnsafe(ref memory, (nuint)at).AsUInt64();
                uint places = Vector256.LessThanOrEqual(numbers - first, span).ExtractMostSignificantBits();
                for (int i = 0; places != 0; i++, places >>= 1)
                {
                    if ((places & 1) != 0)
                    {
                        matches.Add(new(at + (i * sizeof(ulong)), _bytes, number));
                    }
                }

                if (matches.Count >= most)
                {
                    return;
                }
            }
        }

        for (; at < last && matches.Count < most; at += _alignment)
        {
            if (Number(bytes[at..]) - _first <= _last - _first)
            {
                matches.Add(new(at, _bytes, number));
            }
        }
    }

    private ulong Number(ReadOnlySpan<byte> bytes) => _bytes switch
    {
        sizeof(byte) => bytes[0],
        sizeof(ushort) => BitConverter.ToUInt16(bytes),
        sizeof(uint) => BitConverter.ToUInt32(bytes),
        _ => BitConverter.ToUInt64(bytes),
    };
}
