namespace IommuSpy.Cli.Sarif;

/// <summary>The tool itself, and its rules (3.19).</summary>
internal sealed record SarifDriver(string Name, string Version, IReadOnlyList<SarifRule> Rules);
