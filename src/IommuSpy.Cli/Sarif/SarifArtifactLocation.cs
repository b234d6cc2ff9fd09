namespace IommuSpy.Cli.Sarif;

/// <summary>Where a file is (3.4).</summary>
internal sealed record SarifArtifactLocation(string Uri);
