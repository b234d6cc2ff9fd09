using IommuSpy.Memory;

namespace IommuSpy.Translation.Arm64;

/// <summary>A size of pages together with a width of addresses: what TCR_EL1 chooses, of what Linux can be built for.</summary>
/// <param name="Format">Format of the tables.</param>
/// <param name="Levels">Their depth.</param>
/// <param name="HalfBits">Bits of an address in each half: 64 less TCR_EL1.T0SZ and T1SZ.</param>
public sealed record Arm64Regime(TableFormat Format, int Levels, int HalfBits)
{
    private static readonly TableFormat Of4K = TableFormat.Of<Arm64Format<Granule4K>>();
    private static readonly TableFormat Of4KLpa2 = TableFormat.Of<Arm64Format<Granule4KLpa2>>();
    private static readonly TableFormat Of16K = TableFormat.Of<Arm64Format<Granule16K>>();
    private static readonly TableFormat Of16KLpa2 = TableFormat.Of<Arm64Format<Granule16KLpa2>>();
    private static readonly TableFormat Of64K = TableFormat.Of<Arm64Format<Granule64K>>();

    /// <summary>
    /// All of them, likeliest first. What has more levels goes before what has less: below a root of five levels stands a table that looks like one of four,
    /// and the other way round there is none.
    /// </summary>
    public static IReadOnlyList<Arm64Regime> All { get; } =
    [
        new(Of4KLpa2, 5, 52), new(Of4K, 4, 48), new(Of4K, 3, 39), new(Of64K, 3, 52), new(Of64K, 3, 48), new(Of64K, 2, 42), new(Of16KLpa2, 4, 52),
        new(Of16K, 4, 48), new(Of16K, 3, 47), new(Of16K, 2, 36),
    ];

    /// <summary>Entries of the top table: its index has what is left of the address.</summary>
    public int TopEntries => 1 << (HalfBits - Format.SlotShift(Levels));

    /// <summary>How the CPU reads tables: each half has a top table of its own.</summary>
    /// <param name="kernel">That of the upper half (TTBR1_EL1).</param>
    public PagingMode Mode(PhysicalAddress kernel) => new(Format, Levels, HalfBits + 1) { UpperRoot = kernel };
}
