namespace IommuSpy.Linux.Architecture.Arm64;

/// <summary>Where a kernel puts the parts of an entry whose valid bit is clear (arch/arm64/include/asm/pgtable.h).</summary>
/// <param name="TypeShift">Lowest bit of the type.</param>
/// <param name="TypeBits">Its bits.</param>
/// <param name="OffsetShift">Lowest bit of the offset.</param>
/// <param name="OffsetBits">Its bits.</param>
/// <param name="Withheld">Set in an entry of a page that is there and that hardware is to refuse.</param>
/// <param name="Splitting">The same in a PMD that is being split.</param>
internal sealed record Arm64SwapLayout(int TypeShift, int TypeBits, int OffsetShift, int OffsetBits, ulong Withheld, ulong Splitting)
{
    private const ulong ProtNone = 1UL << 58;
    private const ulong PmdPresentInvalid = 1UL << 59;
    private const ulong PresentInvalid = 1UL << 11;

    /// <summary>Until 5.18.</summary>
    public static Arm64SwapLayout Until518 { get; } = new(2, 6, 8, 50, ProtNone, PmdPresentInvalid);

    /// <summary>5.19 to 6.9: bit 2 says that the page is one process's alone (570ef363509b).</summary>
    public static Arm64SwapLayout Until69 { get; } = new(3, 5, 8, 50, ProtNone, PmdPresentInvalid);

    /// <summary>6.10 and later: PTE_PRESENT_INVALID is nG, and room is left for userfaultfd's bit.</summary>
    public static Arm64SwapLayout Since610 { get; } = new(6, 5, 12, 50, PresentInvalid, PresentInvalid);

    /// <summary>The layout of a kernel: nothing in memory tells it but the release.</summary>
    public static Arm64SwapLayout Of(LinuxKernel kernel) =>
        kernel.IsSince(6, 10) != false ? Since610 : kernel.IsSince(5, 19) == true ? Until69 : Until518;

    /// <summary>The type field.</summary>
    public int Type(ulong entry) => (int)(entry >> TypeShift) & ((1 << TypeBits) - 1);

    /// <summary>The offset field.</summary>
    public ulong Offset(ulong entry) => (entry >> OffsetShift) & ((1UL << OffsetBits) - 1);
}
