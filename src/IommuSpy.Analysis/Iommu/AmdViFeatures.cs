namespace IommuSpy.Analysis.Iommu;

/// <summary>What AMD-Vi's extended feature register says, by the manual's abbreviations (AMD 48882, 3.4.2: MMIO offset 0x30).</summary>
internal static class AmdViFeatures
{
    private static readonly (int Bit, string Name)[] Known =
        [(0, "PreF"), (1, "PPR"), (2, "X2APIC"), (3, "NX"), (4, "GT"), (6, "IA"), (7, "GA"), (8, "HE"), (9, "PC"), (21, "GAPIC"), (26, "EPHSup"),
            (38, "GIOSup"), (39, "HASup"), (43, "SNP")];

    // Host page table levels beyond four, and levels of guest tables.
    private const int HostLevelsShift = 10;
    private const int GuestLevelsShift = 12;

    /// <summary>Their names, in the register's order.</summary>
    public static IReadOnlyList<string> Names(ulong? features) => features is not ulong known ? [] :
    [
        .. Known.Where(feature => ((known >> feature.Bit) & 1) != 0).Select(feature => feature.Name),
        $"HATS={((known >> HostLevelsShift) & 3) + 4}",
        $"GATS={((known >> GuestLevelsShift) & 3) + 4}",
    ];
}
