namespace IommuSpy.Cli.Sarif;

/// <summary>A place in an artifact (3.29).</summary>
internal sealed record SarifPhysicalLocation(SarifArtifactLocation ArtifactLocation, SarifAddress Address);
