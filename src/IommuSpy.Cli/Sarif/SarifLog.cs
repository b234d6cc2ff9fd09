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
