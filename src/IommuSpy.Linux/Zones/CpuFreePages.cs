using IommuSpy.Memory;

namespace IommuSpy.Linux.Zones;

/// <summary>Free pages of a zone that a CPU keeps for itself (struct per_cpu_pages).</summary>
/// <param name="Cpu">The CPU's number.</param>
/// <param name="Count">Pages, as the CPU counts them.</param>
/// <param name="Blocks">The first page frame of each block on its lists, and log2 of its pages.</param>
/// <param name="Damage">Why a list could not be followed to its end; null where all could.</param>
public sealed record CpuFreePages(int Cpu, ulong Count, IReadOnlyList<(PageFrame First, int Order)> Blocks, string? Damage)
{
    /// <summary>Pages that the lists hold: equal to <see cref="Count"/> unless the CPU was at work on them, or a list is damaged.</summary>
    public ulong Listed => Blocks.Aggregate(0UL, (sum, block) => sum + (1UL << block.Order));
}
