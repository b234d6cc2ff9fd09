using IommuSpy.Memory;

namespace IommuSpy.Translation;

/// <summary>
/// Which tables one walk visits: each that leads to it, but one that it knows already only as often as the budget has repeats. Hostile tables that all lead
/// to one another make 2^36 paths; so those that are there once are visited however many others are there again and again.
/// </summary>
/// <param name="budget">Where it takes from.</param>
/// <param name="most">Tables that it visits at the most, there or not.</param>
public struct TableVisits(WorkBudget budget, long most = WalkSummary.MaxTables)
{
    // They map 8 GiB in pages of 4 KiB: for most spaces, remembering tables would only cost time.
    private const int Unremembered = 4096;

    private const int LevelBits = 3;

    private WorkAllowance _tables = new(budget, Work.Tables, most);
    private WorkAllowance _repeats = new(budget, Work.Repeats, most);
    private HashSet<ulong>? _known;

    /// <summary>Whether it may visit no more at all.</summary>
    public bool IsExhausted { get; private set; }

    /// <summary>Whether something was not visited: what was found is not all.</summary>
    public bool LimitReached { get; private set; }

    /// <summary>Asks for a table's visit.</summary>
    /// <param name="table">Where the table is.</param>
    /// <param name="level">Its level: the same table at another is another one.</param>
    public bool TryEnter(PhysicalAddress table, int level)
    {
        if (!_tables.TryUse())
        {
            IsExhausted = true;
            LimitReached = true;
            return false;
        }

        if (_tables.Used <= Unremembered || (_known ??= []).Add((table.Value << LevelBits) | (uint)level) || _repeats.TryUse())
        {
            return true;
        }

        LimitReached = true;
        return false;
    }

    /// <summary>Gives back what was not used.</summary>
    public void Finish()
    {
        _tables.Finish();
        _repeats.Finish();
    }
}
