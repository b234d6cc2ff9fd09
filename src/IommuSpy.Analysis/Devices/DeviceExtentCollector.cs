using System.Numerics;
using IommuSpy.Analysis.Reverse;
using IommuSpy.Memory;
using IommuSpy.Translation;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Devices;

/// <summary>Gathers what tables map for devices as extents.</summary>
internal struct DeviceExtentCollector(int number, List<MappedExtent> extents, WorkBudget budget) : IIoLeafVisitor
{
    // As for CPUs' spaces: 48 bytes each.
    private const int MaxExtents = 1 << 24;

    private WorkAllowance _allowance = new(budget, Work.Extents, MaxExtents);
    private MappedExtent? _current;

    /// <summary>Whether there were more runs than are kept.</summary>
    public bool LimitReached { get; private set; }

    /// <summary>Bytes of I/O virtual addresses that let anything through.</summary>
    public ulong Bytes { get; private set; }

    public void Leaf(in IoLeaf leaf)
    {
        if (leaf.Rights == AccessRights.None)
        {
            return;
        }

        Bytes = unchecked(Bytes + leaf.Length) is ulong sum && sum >= leaf.Length ? sum : ulong.MaxValue;
        byte shift = (byte)BitOperations.Log2(leaf.Length);
        if (_current is MappedExtent run && run.With(leaf.Physical.Frame.Number, leaf.Address.Value, shift, leaf.Rights) is MappedExtent longer)
        {
            _current = longer;
            return;
        }

        Finish();
        _current = new(leaf.Physical.Frame.Number, leaf.Length >> PageFrame.Shift, leaf.Address.Value, 1, number, shift, leaf.Rights, false);
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
