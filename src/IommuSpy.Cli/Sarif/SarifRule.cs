namespace IommuSpy.Cli.Sarif;

/// <summary>A rule (3.49).</summary>
internal sealed record SarifRule(string Id, SarifText ShortDescription, SarifText Help, SarifConfiguration DefaultConfiguration,
    SarifRuleProperties Properties);
