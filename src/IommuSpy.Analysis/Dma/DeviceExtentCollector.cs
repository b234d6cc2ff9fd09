using System.Numerics;
using IommuSpy.Analysis.Reverse;
using IommuSpy.Memory;
using IommuSpy.Translation;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Dma;

/// <summary>Gathers what tables map for devices as extents.</summary>
internal struct DeviceExtentCollector(int number, ExtentList extents, WorkBudget budget) : IIoLeafVisitor
{
    private ExtentRuns _runs = new(number, extents, budget);

    /// <inheritdoc cref="ExtentRuns.LimitReached"/>
    public readonly bool LimitReached => _runs.LimitReached;

    /// <summary>Bytes of I/O virtual addresses that let anything through.</summary>
    public ulong Bytes { get; private set; }

    /// <inheritdoc/>
    public void Leaf(in IoLeaf leaf)
    {
        if (leaf.Rights == AccessRights.None)
        {
            return;
        }

        Bytes = unchecked(Bytes + leaf.Length) is ulong sum && sum >= leaf.Length ? sum : ulong.MaxValue;
        _runs.Add(leaf.Physical.Frame.Number, leaf.Address.Value, (byte)BitOperations.Log2(leaf.Length), leaf.Rights);
    }

    /// <inheritdoc cref="ExtentRuns.Complete"/>
    public void Complete() => _runs.Complete();
}
