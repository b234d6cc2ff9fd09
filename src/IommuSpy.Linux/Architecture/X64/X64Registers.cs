using IommuSpy.Memory;

namespace IommuSpy.Linux.Architecture.X64;

/// <summary>What the control registers of an x86-64 CPU say of its page tables (Intel SDM 3A, 2.5).</summary>
internal static class X64Registers
{
    private const ulong PagingEnabled = 1UL << 31;
    private const ulong FiveLevels = 1UL << 12;

    /// <summary>CR3 as it is, flags and C-bit included; null where the CPU has paging off, or nobody recorded it.</summary>
    public static ulong? Root(CpuState cpu) => cpu.Find("CR0") is ulong cr0 && (cr0 & PagingEnabled) != 0 ? cpu.Find("CR3") : null;

    /// <summary>Depth of the tables by CR4.LA57; null where nobody recorded it.</summary>
    public static int? Levels(CpuState cpu) => cpu.Find("CR4") is ulong cr4 ? (cr4 & FiveLevels) != 0 ? 5 : 4 : null;
}
