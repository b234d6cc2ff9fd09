using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Reverse;

/// <summary>Gathers the leaves of a space as extents.</summary>
internal struct ExtentCollector(int number, List<MappedExtent> extents, WorkBudget budget) : ICpuLeafVisitor
{
    // A space that scatters more runs than this is no sane machine's: 48 bytes each.
    private const int MaxExtents = 1 << 24;

    private WorkAllowance _allowance = new(budget, Work.Extents, MaxExtents);
    private MappedExtent? _current;

    /// <summary>Whether there were more runs than are kept.</summary>
    public bool LimitReached { get; private set; }

    public void Leaf<TFormat>(in CpuLeaf<TFormat> leaf)
        where TFormat : struct, ITableFormat
    {
        byte shift = (byte)leaf.Shift;
        ulong frame = leaf.Physical.Frame.Number;
        AccessRights rights = leaf.Rights;
        ulong from = leaf.Address.Value;
        if (_current is MappedExtent run && run.With(frame, from, shift, rights) is MappedExtent longer)
        {
            _current = longer;
            return;
        }

        Finish();
        _current = new(frame, 1UL << (shift - PageFrame.Shift), from, 1, number, shift, rights, false);
    }

    /// <summary>Keeps the last run.</summary>
    public void Complete()
    {
        Finish();
        _allowance.Finish();
    }

    private void Finish()
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
