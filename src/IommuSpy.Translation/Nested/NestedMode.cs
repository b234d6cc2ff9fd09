namespace IommuSpy.Translation.Nested;

/// <summary>How CPUs read the tables that translate a virtual machine's guest-physical addresses.</summary>
public static class NestedMode
{
    /// <summary>AMD's: as deep as the host's own paging.</summary>
    /// <param name="levels">4 or 5.</param>
    /// <param name="entryMask">Clears the C-bit under SME and SEV; all ones elsewhere.</param>
    public static PagingMode Npt(int levels, ulong entryMask = ulong.MaxValue) => Mode<NptFormat>(levels, entryMask);

    /// <summary>Intel's.</summary>
    /// <param name="levels">4, or 5 for guests of more than 48 address bits.</param>
    public static PagingMode Ept(int levels) => Mode<EptFormat>(levels, ulong.MaxValue);

    // Guest-physical addresses have no sign: the bit above those that are translated is never set in one.
    private static PagingMode Mode<TFormat>(int levels, ulong entryMask)
        where TFormat : struct, ITableFormat
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(levels, 4);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(levels, 5);
        return new(TableFormat.Of<TFormat>(), levels, TFormat.PageShift + (TFormat.IndexBits * levels) + 1, entryMask);
    }
}
