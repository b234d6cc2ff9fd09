using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Iommu;

/// <summary>A run of I/O virtual addresses that a device may use alike.</summary>
/// <param name="Address">First address.</param>
/// <param name="Length">Length of the mapping, in bytes.</param>
/// <param name="Physical">What the first address translates to; the run is contiguous there.</param>
/// <param name="PageSize">Bytes that each of its entries maps.</param>
/// <param name="Rights">What the device may do.</param>
public readonly record struct IoMapping(IoVirtualAddress Address, ulong Length, PhysicalAddress Physical, ulong PageSize, AccessRights Rights)
{
    /// <summary>What a device can reach in a range, in order of its addresses.</summary>
    /// <param name="view">The device.</param>
    /// <param name="first">First address.</param>
    /// <param name="last">Last address, inclusive.</param>
    /// <param name="rights">Only what has all of these.</param>
    /// <param name="singleLeaves">Each entry by itself, rather than neighbours that are contiguous in physical memory too merged.</param>
    /// <param name="receive">Told of each.</param>
    public static WalkSummary Visit(DeviceView view, IoVirtualAddress first, IoVirtualAddress last, AccessRights rights, bool singleLeaves,
        Action<IoMapping> receive)
    {
        IoMapping current = default;
        WalkSummary summary = view.Visit(first, last, leaf =>
        {
            if ((leaf.Rights & rights) != rights)
            {
                return;
            }

            if (!singleLeaves && current.Length > 0 && current.Address.Value + current.Length == leaf.Address.Value
                && current.Physical.Value + current.Length == leaf.Physical.Value
                && current.PageSize == leaf.Length && current.Rights == leaf.Rights)
            {
                current = current with { Length = current.Length + leaf.Length };
                return;
            }

            if (current.Length > 0)
            {
                receive(current);
            }

            current = new(leaf.Address, leaf.Length, leaf.Physical, leaf.Length, leaf.Rights);
        });
        if (current.Length > 0)
        {
            receive(current);
        }

        return summary;
    }
}
