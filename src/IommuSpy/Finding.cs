using IommuSpy.Analysis.Exposure;

namespace IommuSpy;

/// <summary>Something that devices can do and should not be able to: a finding of `iommu-spy exposure`.</summary>
public sealed record Finding
{
    /// <summary>The rule that found it: "pass-through". Each has a page in docs/exposure.</summary>
    public required string Rule { get; init; }

    /// <summary>How bad it is.</summary>
    public required Severity Severity { get; init; }

    /// <summary>All devices that it is about; empty where it is about an IOMMU.</summary>
    public required IReadOnlyList<string> Devices { get; init; }

    /// <summary>The IOMMU that it is about; null where it is about devices.</summary>
    public required string? Unit { get; init; }

    /// <summary>What was found, in one sentence.</summary>
    public required string Message { get; init; }

    /// <summary>What to do about it.</summary>
    public required string Action { get; init; }

    /// <summary>Where, at most 64 pieces.</summary>
    public required IReadOnlyList<Evidence> Evidence { get; init; }

    /// <summary>How many pieces of evidence there are.</summary>
    public required int EvidenceCount { get; init; }

    internal static Finding Of(ExposureFinding finding) => new()
    {
        Rule = finding.Rule,
        Severity = finding.Severity switch
        {
            ExposureSeverity.Critical => Severity.Critical,
            ExposureSeverity.High => Severity.High,
            ExposureSeverity.Medium => Severity.Medium,
            ExposureSeverity.Low => Severity.Low,
            _ => Severity.Note,
        },
        Devices = finding.Devices,
        Unit = finding.Unit,
        Message = finding.Message,
        Action = finding.Action,
        Evidence =
        [
            .. finding.Evidence.Select(piece =>
                new Evidence(piece.What, piece.Physical?.Value, piece.Iova?.Value, piece.Bytes, piece.Rights, piece.Virtual?.Value)),
        ],
        EvidenceCount = finding.EvidenceCount,
    };
}
