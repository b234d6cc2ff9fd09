namespace IommuSpy.Analysis.Exposure;

/// <summary>Something that a rule found.</summary>
/// <param name="Rule">The rule's id: "pass-through".</param>
/// <param name="Severity">How bad it is.</param>
/// <param name="Title">The rule's title.</param>
/// <param name="Device">The device, "0000:00:1f.2"; of several that share tables, the one with a driver; null where it is about a unit.</param>
/// <param name="Devices">All devices that it is about.</param>
/// <param name="Unit">The IOMMU that it is about; null where it is about devices.</param>
/// <param name="Message">What was found, in one sentence.</param>
/// <param name="Evidence">Where, at most <see cref="ExposureReport.MostEvidence"/> pieces.</param>
/// <param name="EvidenceCount">How many pieces there are.</param>
/// <param name="Action">What to do about it.</param>
/// <param name="Help">The page that says what it means: "docs/exposure/pass-through.md".</param>
public sealed record ExposureFinding(
    string Rule,
    ExposureSeverity Severity,
    string Title,
    string? Device,
    IReadOnlyList<string> Devices,
    string? Unit,
    string Message,
    IReadOnlyList<ExposureEvidence> Evidence,
    int EvidenceCount,
    string Action,
    string Help);
