using System.Text.Json.Serialization;

namespace IommuSpy.Cli.Sarif;

/// <summary>What scanners sort by: a score from 0.0 to 10.0, as a text.</summary>
internal sealed record SarifRuleProperties([property: JsonPropertyName("security-severity")] string SecuritySeverity);
