namespace IommuSpy.Analysis.Iommu;

/// <summary>What VT-d's capability registers say, by the manual's abbreviations (VT-d specification, 11.4.2 and 11.4.3).</summary>
internal static class VtdCapabilities
{
    private static readonly (int Bit, string Name)[] Basic = [(5, "PLMR"), (6, "PHMR"), (7, "CM"), (34, "2M"), (35, "1G"), (39, "PSI"), (56, "FS1GP"),
        (59, "PI"), (60, "FS5LP")];

    private static readonly (int Bit, string Name)[] Extended =
    [
        (0, "C"), (1, "QI"), (2, "DT"), (3, "IR"), (4, "EIM"), (6, "PT"), (7, "SC"), (25, "MTS"), (26, "NEST"), (29, "PRS"), (30, "ERS"), (31, "SRS"),
        (40, "PASID"), (41, "DIT"), (42, "PDS"),
        (43, "SMTS"), (45, "SLADS"), (46, "SSTS"), (47, "FSTS"), (48, "SMPWCS"), (49, "RPS"),
    ];

    /// <summary>Their names, in the registers' order.</summary>
    public static IReadOnlyList<string> Names(ulong? capabilities, ulong? extended)
    {
        List<string> names = [];
        if (capabilities is ulong basic)
        {
            names.Add($"MGAW={((basic >> 16) & 0x3f) + 1}");
            names.Add($"levels={string.Join('/', Enumerable.Range(1, 3).Where(i => ((basic >> (8 + i)) & 1) != 0).Select(i => i + 2))}");
            names.AddRange(Basic.Where(known => ((basic >> known.Bit) & 1) != 0).Select(known => known.Name));
        }

        if (extended is ulong more)
        {
            names.AddRange(Extended.Where(known => ((more >> known.Bit) & 1) != 0).Select(known => known.Name));
        }

        return names;
    }
}
