using System.Text.Json.Serialization;

namespace IommuSpy.Cli.Sarif;

/// <summary>A log of SARIF 2.1.0 (OASIS standard): findings as code scanners exchange them.</summary>
/// <param name="Runs">The runs: one.</param>
internal sealed record SarifLog(IReadOnlyList<SarifRun> Runs)
{
    /// <summary>The standard's version.</summary>
    public string Version { get; } = "2.1.0";

    /// <summary>Where its schema is.</summary>
    [JsonPropertyName("$schema")]
    public string Schema { get; } = "https://json.schemastore.org/sarif-2.1.0.json";
}

/// <summary>What one run of a tool found (3.14).</summary>
internal sealed record SarifRun(SarifTool Tool, IReadOnlyList<SarifArtifact> Artifacts, IReadOnlyList<SarifResult> Results);

/// <summary>The tool (3.18).</summary>
internal sealed record SarifTool(SarifDriver Driver);

/// <summary>The tool itself, and its rules (3.19).</summary>
internal sealed record SarifDriver(string Name, string Version, IReadOnlyList<SarifRule> Rules);

/// <summary>A rule (3.49).</summary>
internal sealed record SarifRule(string Id, SarifText ShortDescription, SarifText Help, SarifConfiguration DefaultConfiguration, SarifRuleProperties Properties);

/// <summary>How a rule counts (3.50).</summary>
internal sealed record SarifConfiguration(string Level);

/// <summary>What scanners sort by: a score from 0.0 to 10.0, as a text.</summary>
internal sealed record SarifRuleProperties([property: JsonPropertyName("security-severity")] string SecuritySeverity);

/// <summary>A text (3.11, 3.12).</summary>
internal sealed record SarifText(string Text);

/// <summary>A file that was looked at (3.24).</summary>
internal sealed record SarifArtifact(SarifArtifactLocation Location);

/// <summary>Where a file is (3.4).</summary>
internal sealed record SarifArtifactLocation(string Uri);

/// <summary>A finding (3.27).</summary>
internal sealed record SarifResult(string RuleId, int RuleIndex, string Level, SarifText Message, IReadOnlyList<SarifLocation> Locations, SarifResultProperties Properties);

/// <summary>Where a finding is (3.28): a device or unit, and an address in the memory that was looked at.</summary>
internal sealed record SarifLocation(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] SarifPhysicalLocation? PhysicalLocation,
    IReadOnlyList<SarifLogicalLocation> LogicalLocations,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] SarifText? Message);

/// <summary>A place in an artifact (3.29).</summary>
internal sealed record SarifPhysicalLocation(SarifArtifactLocation ArtifactLocation, SarifAddress Address);

/// <summary>An address (3.32).</summary>
internal sealed record SarifAddress(
    ulong AbsoluteAddress,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ulong? Length,
    string Kind);

/// <summary>A thing that has a name and no place (3.33).</summary>
internal sealed record SarifLogicalLocation(string Name, string Kind);

/// <summary>What else a finding says.</summary>
internal sealed record SarifResultProperties(string Severity, IReadOnlyList<string> Devices, string Action, string Help, int EvidenceCount);
