namespace IommuSpy.Linux.Kallsyms;

/// <summary>
/// Bounds the work spent on one image. The searches are nested (token tables, markers, starts of names), and a hostile image can make every outer
/// candidate plausible; a real one uses well under a hundredth of this.
/// </summary>
internal sealed class SearchBudget
{
    /// <summary>Words read or names stepped over: about a third of a second.</summary>
    private long _steps = 1L << 27;

    public bool IsSpent => _steps <= 0;

    /// <summary>Takes <paramref name="steps"/>; false once there are none left.</summary>
    public bool TrySpend(int steps) => (_steps -= steps) > 0;
}
