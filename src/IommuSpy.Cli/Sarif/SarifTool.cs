namespace IommuSpy.Cli.Sarif;

/// <summary>The tool (3.18).</summary>
internal sealed record SarifTool(SarifDriver Driver);
