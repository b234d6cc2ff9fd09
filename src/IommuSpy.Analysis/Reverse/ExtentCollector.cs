using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Reverse;

/// <summary>Gathers the leaves of a CPU's space as extents.</summary>
internal struct ExtentCollector(int number, ExtentList extents, WorkBudget budget) : ICpuLeafVisitor
{
    private ExtentRuns _runs = new(number, extents, budget);

    /// <inheritdoc cref="ExtentRuns.LimitReached"/>
    public readonly bool LimitReached => _runs.LimitReached;

    /// <inheritdoc/>
    public void Leaf<TFormat>(in CpuLeaf<TFormat> leaf)
        where TFormat : struct, ITableFormat =>
        _runs.Add(leaf.Physical.Frame.Number, leaf.Address.Value, (byte)leaf.Shift, leaf.Rights);

    /// <inheritdoc cref="ExtentRuns.Complete"/>
    public void Complete() => _runs.Complete();
}
