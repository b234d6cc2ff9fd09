using System.Globalization;
using IommuSpy.Analysis.Exposure;
using IommuSpy.Memory;

namespace IommuSpy.Cli.Sarif;

/// <summary>Makes a SARIF log of findings.</summary>
internal static class SarifWriter
{
    /// <summary>The log.</summary>
    /// <param name="report">The findings.</param>
    /// <param name="path">The image that they are about.</param>
    public static SarifLog Log(ExposureReport report, string path)
    {
        SarifArtifactLocation image = new(Uri(path));
        IReadOnlyList<IExposureRule> rules = ExposureRules.All;
        Dictionary<string, int> numbers = rules.Select((rule, number) => (rule.Id, number))
            .ToDictionary(pair => pair.Id, pair => pair.number, StringComparer.Ordinal);
        return new([
            new(
                new(new("iommu-spy", typeof(SarifWriter).Assembly.GetName().Version?.ToString(3) ?? "0.0.0", [.. rules.Select(Rule)])),
                [new(image)],
                [.. report.Findings.Select(finding => Result(finding, numbers[finding.Rule], image))]),
        ]);
    }

    private static SarifRule Rule(IExposureRule rule) =>
        new(rule.Id, new(rule.Title), new($"{rule.Action} See docs/exposure/{rule.Id}.md."), new(Level(rule.Severity)), new(Score(rule.Severity)));

    private static SarifResult Result(ExposureFinding finding, int rule, SarifArtifactLocation image)
    {
        SarifLogicalLocation[] who = finding.Unit is string unit ? [new(unit, "resource")]
            : [.. finding.Devices.Select(device => new SarifLogicalLocation(device, "resource"))];
        List<SarifLocation> locations = [.. finding.Evidence.Select(piece => new SarifLocation(
            piece.Physical is PhysicalAddress at ? new(image, new(at.Value, piece.Bytes, "page")) : null, who, new(Text(piece))))];
        if (locations.Count == 0)
        {
            locations.Add(new(null, who, null));
        }

        return new(
            finding.Rule, rule, Level(finding.Severity), new(finding.Message), locations,
            new(finding.Severity.ToString().ToLowerInvariant(), finding.Devices, finding.Action, finding.Help, finding.EvidenceCount));
    }

    private static string Text(ExposureEvidence piece)
    {
        string at = piece.Iova is IoVirtualAddress iova ? $", for the device at {iova}" : "";
        return $"{piece.What}{at}{(piece.Rights is string rights ? $" ({rights})" : "")}{(piece.Virtual is VirtualAddress address ? $", {address}" : "")}";
    }

    private static string Uri(string path) => new Uri(System.IO.Path.GetFullPath(path)).AbsoluteUri;

    private static string Level(ExposureSeverity severity) => severity switch
    {
        ExposureSeverity.Critical or ExposureSeverity.High => "error",
        ExposureSeverity.Medium => "warning",
        _ => "note",
    };

    private static string Score(ExposureSeverity severity) => (severity switch
    {
        ExposureSeverity.Critical => 9.5,
        ExposureSeverity.High => 8.0,
        ExposureSeverity.Medium => 5.5,
        ExposureSeverity.Low => 3.0,
        _ => 0.0,
    }).ToString("0.0", CultureInfo.InvariantCulture);
}
