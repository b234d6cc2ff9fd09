using System.Runtime.CompilerServices;

namespace IommuSpy.Memory;

/// <summary>
/// What one walk may use of a <see cref="WorkBudget"/>. It takes from it in larger pieces, so that counting costs a comparison;
/// <see cref="Finish"/> gives the rest back.
/// </summary>
/// <param name="budget">The budget.</param>
/// <param name="work">Which kind of work.</param>
/// <param name="most">What this walk may use at the most, whatever the budget has.</param>
public struct WorkAllowance(WorkBudget budget, Work work, long most)
{
    private const long Piece = 1024;

    private long _taken;

    /// <summary>How much was used.</summary>
    public long Used { get; private set; }

    /// <summary>Uses one; false where nothing is left, of the budget or of what this walk may use.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryUse()
    {
        if (Used >= _taken && !TryTake())
        {
            return false;
        }

        Used++;
        return true;
    }

    /// <summary>Uses as many as something says that it is long, before memory is taken for it; false where not all of that is left.</summary>
    /// <param name="count">How many; none where it is 0 or less.</param>
    public bool TryUse(long count)
    {
        while (count > 0 && TryUse())
        {
            count--;
        }

        return count <= 0;
    }

    /// <summary>Gives back what was not used.</summary>
    public void Finish()
    {
        budget.Return(work, _taken - Used);
        _taken = Used;
    }

    private bool TryTake()
    {
        long wanted = Math.Min(Piece, most - Used);
        long granted = wanted > 0 ? budget.Take(work, wanted) : 0;
        _taken += granted;
        return granted > 0;
    }
}
