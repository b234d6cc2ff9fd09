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
        return new(
            [.. report.Units.Select(unit => WithOwners(machine, IommuUnitAnswer.Of(unit)))], FirmwareAnswer.Of(report), report.Disagreements,
            report.ObjectsAbsence);
    }

    private static IommuUnitAnswer WithOwners(Machine machine, IommuUnitAnswer unit)
    {
        if (machine.Parts.Vfio.Value is not { Containers.Count: > 0 })
        {
            return unit;
        }

        Dictionary<string, string> owners = machine.Devices.Devices.Where(device => device.Owner is not null)
            .SelectMany(device => device.Requesters, (device, requester) => (Name: requester.ToString(), Owner: device.Owner!.ToString()))
            .DistinctBy(one => one.Name, StringComparer.Ordinal).ToDictionary(one => one.Name, one => one.Owner, StringComparer.Ordinal);
        return unit with { Devices = [.. unit.Devices.Select(device => device with { Owner = owners.GetValueOrDefault(device.Device) })] };
    }
}
