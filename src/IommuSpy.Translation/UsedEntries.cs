using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace IommuSpy.Translation;

/// <summary>The indexes of a table's entries that are not zero, in order: foreach over it.</summary>
/// <remarks>
/// Most entries of most tables are zero. A cache line, eight entries, is tested at once, and what it holds becomes a mask, so that neither
/// empty nor half-filled tables cost a branch an entry.
/// </remarks>
/// <param name="entries">The table; a multiple of 8 entries.</param>
internal ref struct UsedEntries(ReadOnlySpan<ulong> entries)
{
    private const int GroupEntries = 8;

    private readonly ref ulong _entries = ref MemoryMarshal.GetReference(entries);
    private readonly int _count = entries.Length;
    private int _group = -GroupEntries;
    private uint _used;

    /// <summary>Where the foreach stands.</summary>
    public int Current { get; private set; }

    /// <summary>What foreach asks for.</summary>
    public readonly UsedEntries GetEnumerator() => this;

    /// <summary>Goes to the next entry that is not zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MoveNext()
    {
        while (_used == 0)
        {
            _group += GroupEntries;
            if (_group >= _count)
            {
                return false;
            }

            _used = NonZero(ref Unsafe.Add(ref _entries, _group));
        }

        Current = _group + BitOperations.TrailingZeroCount(_used);
        _used &= _used - 1;
        return true;
    }

    /// <summary>A bit for each of eight entries: whether it is not zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint NonZero(ref ulong first)
    {
        Vector256<ulong> low = Vector256.LoadUnsafe(ref first);
        Vector256<ulong> high = Vector256.LoadUnsafe(ref first, (nuint)Vector256<ulong>.Count);
        if ((low | high) == Vector256<ulong>.Zero)
        {
            return 0;
        }

        uint zeros = Vector256.Equals(low, Vector256<ulong>.Zero).ExtractMostSignificantBits()
            | (Vector256.Equals(high, Vector256<ulong>.Zero).ExtractMostSignificantBits() << Vector256<ulong>.Count);
        return zeros ^ 0xff;
    }
}
