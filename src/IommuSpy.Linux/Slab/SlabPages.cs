using IommuSpy.Memory;

namespace IommuSpy.Linux.Slab;

/// <summary>A slab: pages that one cache has cut into objects.</summary>
/// <param name="Cache">The cache.</param>
/// <param name="Head">Its first page frame.</param>
/// <param name="Order">log2 of its pages.</param>
/// <param name="Start">Where its first page is in the direct map.</param>
/// <param name="Objects">Its objects, in order of address.</param>
/// <param name="Cpu">The CPU that allocates from it now; null for none.</param>
/// <param name="Damage">What of its free lists could not be followed; null for nothing.</param>
public sealed record SlabPages(SlabCache Cache, PageFrame Head, int Order, VirtualAddress Start, IReadOnlyList<SlabObject> Objects, int? Cpu, string? Damage)
{
    /// <summary>Length of the slab, in bytes.</summary>
    public ulong Bytes => (ulong)PageFrame.Size << Order;

    /// <summary>The object that holds an address, or whose surroundings do; null for the rest after the last.</summary>
    public SlabObject? ObjectAt(VirtualAddress address)
    {
        ulong index = (address - Start) / Cache.Size;
        return index < (ulong)Objects.Count ? Objects[(int)index] : null;
    }

    /// <summary>The objects that have a byte in a range of physical memory: who is beside a buffer on its page.</summary>
    public IEnumerable<SlabObject> ObjectsIn(PhysicalAddress first, ulong bytes)
    {
        ulong from = first.Value - Head.Address.Value;
        foreach (SlabObject item in Objects)
        {
            ulong at = item.Address - Start;
            if (at + Cache.ObjectSize > from && at < from + bytes)
            {
                yield return item;
            }
        }
    }
}
