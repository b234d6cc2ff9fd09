namespace IommuSpy.Cli.Sarif;

/// <summary>How a rule counts (3.50).</summary>
internal sealed record SarifConfiguration(string Level);
