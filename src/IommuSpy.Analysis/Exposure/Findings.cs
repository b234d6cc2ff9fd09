using IommuSpy.Analysis.Devices;
using IommuSpy.Analysis.Dma;
using IommuSpy.Linux.Iommu;

namespace IommuSpy.Analysis.Exposure;

/// <summary>Makes findings of a rule.</summary>
internal static class Findings
{
    // Host bridges and bridges to ISA start no transactions of their own that anybody could program.
    private const uint HostBridge = 0x0600;
    private const uint IsaBridge = 0x0601;
    private const uint IommuClass = 0x0806;

    /// <summary>About one device.</summary>
    public static ExposureFinding Of(IExposureRule rule, MachineDevice device, string message, IReadOnlyList<ExposureEvidence> evidence,
        ExposureSeverity? severity = null) =>
        Make(rule, severity ?? rule.Severity, [device], null, message, evidence);

    /// <summary>About a unit.</summary>
    public static ExposureFinding Of(IExposureRule rule, IommuUnit unit, string message, IReadOnlyList<ExposureEvidence> evidence,
        ExposureSeverity? severity = null) =>
        Make(rule, severity ?? rule.Severity, [], DeviceReport.NameOf(unit), message, evidence);

    /// <summary>About all devices that share tables.</summary>
    public static ExposureFinding Of(IExposureRule rule, ReachSpace space, string message, IReadOnlyList<ExposureEvidence> evidence,
        ExposureSeverity? severity = null) =>
        Make(rule, severity ?? rule.Severity, DevicesOf(space), null, message, evidence);

    /// <summary>About all devices that share tables, and pages.</summary>
    public static ExposureFinding Of(IExposureRule rule, ReachSpace space, string message, EvidenceRuns runs, ExposureSeverity? severity = null) =>
        Of(rule, space, message, runs.Evidence, severity) with { EvidenceCount = runs.Pieces };

    /// <summary>The devices that share tables, those first that are driven.</summary>
    public static IReadOnlyList<MachineDevice> DevicesOf(ReachSpace space) =>
        [.. space.Users.Select(user => user.Device).Distinct().OrderBy(device => device.Function?.Driver is null).ThenBy(device => device.Address)];

    /// <summary>"0000:00:1f.2 (ahci) and 2 more of its group".</summary>
    public static string Names(ReachSpace space)
    {
        IReadOnlyList<MachineDevice> devices = DevicesOf(space);
        string rest = devices.Count > 1 ? $" and {devices.Count - 1} more that share its tables" : "";
        return Name(devices[0]) + rest;
    }

    /// <summary>"0000:00:1f.2 (ahci)".</summary>
    public static string Name(MachineDevice device) => device.Function?.Driver is string driver ? $"{device.Address} ({driver})" : device.Address.ToString();

    /// <summary>Whether a device can be made to start transactions: not a host bridge, whose registers are the chipset's.</summary>
    public static bool CanStartTransactions(MachineDevice device) =>
        device.Function is not { } function || (function.Class >> 8) is not (HostBridge or IsaBridge or IommuClass);

    private static ExposureFinding Make(IExposureRule rule, ExposureSeverity severity, IReadOnlyList<MachineDevice> devices, string? unit, string message,
        IReadOnlyList<ExposureEvidence> evidence) => new(
        rule.Id,
        severity,
        rule.Title,
        devices.Count > 0 ? devices[0].Address.ToString() : null,
        [.. devices.Select(device => device.Address.ToString())],
        unit,
        message,
        [.. evidence.Take(ExposureReport.MostEvidence)],
        evidence.Count,
        rule.Action,
        $"docs/exposure/{rule.Id}.md");
}
