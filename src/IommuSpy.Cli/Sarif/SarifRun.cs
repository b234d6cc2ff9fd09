namespace IommuSpy.Cli.Sarif;

/// <summary>What one run of a tool found (3.14).</summary>
internal sealed record SarifRun(SarifTool Tool, IReadOnlyList<SarifArtifact> Artifacts, IReadOnlyList<SarifResult> Results);
