using IommuSpy.Linux.Iommu;

namespace IommuSpy.Analysis.Iommu;

/// <summary>The IOMMUs of a machine, for showing.</summary>
/// <param name="Units">Each unit.</param>
/// <param name="Firmware">What firmware says of them; null where the image has no such table.</param>
/// <param name="Disagreements">Where two ways of finding them do not agree.</param>
/// <param name="ObjectsAbsence">Why the kernel's objects could not be asked; null where they could.</param>
public sealed record IommuAnswer(
    IReadOnlyList<IommuUnitAnswer> Units, FirmwareAnswer? Firmware, IReadOnlyList<string> Disagreements, string? ObjectsAbsence)
{
    /// <summary>The answer of a machine.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="scan">Whether all of its memory is searched for tables, also where something leads to them.</param>
    public static IommuAnswer Of(Machine machine, bool scan = false)
    {
        ArgumentNullException.ThrowIfNull(machine);
        IommuReport report = scan ? machine.Parts.ScannedIommu : machine.Parts.Iommu;
        return new([.. report.Units.Select(IommuUnitAnswer.Of)], FirmwareAnswer.Of(report), report.Disagreements, report.ObjectsAbsence);
    }
}
