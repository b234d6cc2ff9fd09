namespace IommuSpy.Cli.Sarif;

/// <summary>A finding (3.27).</summary>
internal sealed record SarifResult(string RuleId, int RuleIndex, string Level, SarifText Message, IReadOnlyList<SarifLocation> Locations,
    SarifResultProperties Properties);
