using IommuSpy.Translation.AmdVi;
using IommuSpy.Translation.Devices;
using IommuSpy.Translation.VtD;
using IommuSpy.Translation.X64;

namespace IommuSpy.Analysis.Iommu;

/// <summary>Flags of an entry of IOMMU tables by the manuals' names.</summary>
internal static class IoEntryFlags
{
    private static readonly (ulong Bit, string Name)[] SecondStage =
    [
        (VtdSecondStageFormat.Readable, "R"), (VtdSecondStageFormat.Writable, "W"), (VtdSecondStageFormat.PageSize, "PS"), (VtdSecondStageFormat.Accessed, "A"), (VtdSecondStageFormat.Dirty, "D"),
        (VtdSecondStageFormat.Snoop, "SNP"),
    ];

    private static readonly (ulong Bit, string Name)[] Host =
    [
        (AmdViFormat.Present, "PR"), (AmdViFormat.Accessed, "A"), (AmdViFormat.Dirty, "D"), (AmdViFormat.ForceCoherent, "FC"), (AmdViFormat.Readable, "IR"), (AmdViFormat.Writable, "IW"),
    ];

    /// <summary>Their names, lowest bit first.</summary>
    public static IReadOnlyList<string> Names(IoTableFormat format, ulong entry, int level) => format switch
    {
        IoTableFormat.VtdSecondStage => Set(SecondStage, entry),
        IoTableFormat.AmdViHost => [.. Set(Host, entry), $"NL={AmdViFormat.NextLevel(entry, level)}"],
        _ => X64Entry.FlagNames(entry, level),
    };

    private static List<string> Set((ulong Bit, string Name)[] known, ulong entry) => [.. known.Where(flag => (entry & flag.Bit) != 0).Select(flag => flag.Name)];
}
