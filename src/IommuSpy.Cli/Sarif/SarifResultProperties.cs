namespace IommuSpy.Cli.Sarif;

/// <summary>What else a finding says.</summary>
internal sealed record SarifResultProperties(string Severity, IReadOnlyList<string> Devices, string Action, string Help, int EvidenceCount);
