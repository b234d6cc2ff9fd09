using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Reverse;

/// <summary>Joins what tables map, page after page, into runs, and keeps as many as the budget of work lets it.</summary>
/// <param name="number">The number of the space.</param>
/// <param name="extents">Where the runs go.</param>
/// <param name="budget">What is left of the process's work.</param>
internal struct ExtentRuns(int number, ExtentList extents, WorkBudget budget)
{
    // A space that scatters more runs than this is no sane machine's.
    private const int MaxExtents = 1 << 24;

    private WorkAllowance _allowance = new(budget, Work.Extents, MaxExtents);
    private MappedExtent? _current;

    /// <summary>Whether there were more runs than are kept.</summary>
    public bool LimitReached { get; private set; }

    /// <summary>Adds a page, or a run of pages that one entry maps.</summary>
    /// <param name="frame">Its first page frame.</param>
    /// <param name="from">The address at which it is mapped.</param>
    /// <param name="shift">log2 of its bytes.</param>
    /// <param name="rights">What may be done through it.</param>
    public void Add(ulong frame, ulong from, byte shift, AccessRights rights)
    {
        if (_current is MappedExtent run && run.With(frame, from, shift, rights) is MappedExtent longer)
        {
            _current = longer;
            return;
        }

        Keep();
        _current = new(frame, from, 1, number, shift, (byte)rights, false);
    }

    /// <summary>Keeps the last run.</summary>
    public void Complete()
    {
        Keep();
        _allowance.Finish();
    }

    private void Keep()
    {
        if (_current is MappedExtent run)
        {
            if (_allowance.TryUse())
            {
                extents.Add(run);
            }
            else
            {
                LimitReached = true;
            }
        }

        _current = null;
    }
}
