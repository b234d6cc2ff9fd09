namespace IommuSpy.Cli.Sarif;

/// <summary>A text (3.11, 3.12).</summary>
internal sealed record SarifText(string Text);
