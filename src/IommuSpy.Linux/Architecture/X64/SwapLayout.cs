namespace IommuSpy.Linux.Architecture.X64;

/// <summary>How a kernel from before the L1TF fixes lays out a swap entry. Kernels with the fixes use one layout, which is told by the entry itself.</summary>
internal enum SwapLayout
{
    /// <summary>4.8 to 4.18.0: type in bits 9-13, offset from bit 14 on (arch/x86/include/asm/pgtable_64.h, 00839ee3b299).</summary>
    Since48,

    /// <summary>Up to 4.7: type in bits 1-5, offset from bit 9 on.</summary>
    Before48,

    /// <summary>
    /// 3.13 to 3.19 with CONFIG_NUMA_BALANCING: the same with the offset from bit 10 on; bit 9 marks a page that stays in memory and faults, so that NUMA
    /// balancing sees who uses it.
    /// </summary>
    Before48Numa,
}
