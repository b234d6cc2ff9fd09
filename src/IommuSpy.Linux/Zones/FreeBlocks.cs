namespace IommuSpy.Linux.Zones;

/// <summary>The free blocks of one order in a zone (struct free_area).</summary>
/// <param name="Order">log2 of a block's pages.</param>
/// <param name="Count">How many there are, as the zone counts them: /proc/buddyinfo's number.</param>
/// <param name="Lists">The lists that hold them, by migrate type.</param>
public sealed record FreeBlocks(int Order, ulong Count, IReadOnlyList<FreeList> Lists)
{
    /// <summary>How many the lists hold: equal to <see cref="Count"/> unless memory was being given or taken, or a list is damaged.</summary>
    public ulong Listed => Lists.Aggregate(0UL, (sum, list) => sum + (ulong)list.Blocks.Count);
}
