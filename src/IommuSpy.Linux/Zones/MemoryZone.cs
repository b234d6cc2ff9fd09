using IommuSpy.Memory;

namespace IommuSpy.Linux.Zones;

/// <summary>
/// A zone of a node: the memory that some kind of request may be served from (struct zone). Null is a number that this kernel does not keep, or that cannot be
/// read.
/// </summary>
/// <param name="Node">Its node's number.</param>
/// <param name="Index">Its number in the node: what the top bits of its pages' flags say.</param>
/// <param name="Name">"DMA", "DMA32", "Normal".</param>
/// <param name="Start">Its first page frame.</param>
/// <param name="Spanned">Page frames from there to its end, holes included.</param>
/// <param name="Present">Page frames that exist.</param>
/// <param name="Managed">Page frames that the buddy allocator was given.</param>
/// <param name="Orders">Its free blocks by order, from 0.</param>
/// <param name="CpuLists">Free pages that each CPU keeps for itself.</param>
public sealed record MemoryZone(
    int Node, int Index, string Name, PageFrame Start, ulong Spanned, ulong? Present, ulong? Managed, IReadOnlyList<FreeBlocks> Orders,
    IReadOnlyList<CpuFreePages> CpuLists)
{
    /// <summary>Whether the zone's span holds a page frame.</summary>
    public bool Contains(PageFrame frame) => frame.Number - Start.Number < Spanned;

    /// <summary>Free pages in all blocks, as the zone counts them.</summary>
    public ulong FreePages => Orders.Aggregate(0UL, (sum, blocks) => sum + (blocks.Count << blocks.Order));
}
