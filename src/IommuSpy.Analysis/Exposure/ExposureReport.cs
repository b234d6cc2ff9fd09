using IommuSpy.Analysis.Devices;
using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Reach;

namespace IommuSpy.Analysis.Exposure;

/// <summary>What devices can do that they should not be able to.</summary>
/// <param name="Findings">The findings, the worst first.</param>
/// <param name="Counts">How many devices were looked at.</param>
/// <param name="Problems">What could not be looked at, a line each: where it matters, an empty list of findings says less.</param>
public sealed record ExposureReport(IReadOnlyList<ExposureFinding> Findings, DeviceCounts Counts, IReadOnlyList<string> Problems)
{
    /// <summary>Pieces of evidence that a finding names at the most.</summary>
    public const int MostEvidence = 64;

    /// <summary>Asks all rules of a machine.</summary>
    public static ExposureReport Of(Machine machine)
    {
        MachineFacts facts = new(machine);
        ExposureScene scene = new(machine.Parts.Iommu.Units, machine.DeviceReach, facts, machine.Kernel.Memory.ByteCount);
        return new(Ask(scene), DeviceCounts.Of(scene.Devices), [.. DevicesReport.ProblemsOf(machine), .. facts.Absences]);
    }

    /// <summary>Asks all rules of a scene.</summary>
    public static IReadOnlyList<ExposureFinding> Ask(ExposureScene scene) =>
    [
        .. ExposureRules.All.SelectMany(rule => rule.Find(scene))
            .OrderByDescending(finding => finding.Severity).ThenBy(finding => finding.Rule, StringComparer.Ordinal)
            .ThenBy(finding => finding.Device, StringComparer.Ordinal),
    ];

    /// <summary>The report with what concerns one device alone, and with what concerns its IOMMU.</summary>
    public ExposureReport About(MachineDevice device)
    {
        string address = device.Address.ToString();
        string? unit = device.Unit is null ? null : DeviceReport.NameOf(device.Unit);
        return this with
        {
            Findings =
                [.. Findings.Where(finding =>
                    finding.Devices.Contains(address, StringComparer.Ordinal) || (finding.Unit is not null && finding.Unit == unit))]
        };
    }
}
