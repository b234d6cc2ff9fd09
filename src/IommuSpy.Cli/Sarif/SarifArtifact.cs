namespace IommuSpy.Cli.Sarif;

/// <summary>A file that was looked at (3.24).</summary>
internal sealed record SarifArtifact(SarifArtifactLocation Location);
