namespace IommuSpy.Cli.Sarif;

/// <summary>A thing that has a name and no place (3.33).</summary>
internal sealed record SarifLogicalLocation(string Name, string Kind);
