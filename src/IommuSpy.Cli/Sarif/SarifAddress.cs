using System.Text.Json.Serialization;

namespace IommuSpy.Cli.Sarif;

/// <summary>An address (3.32).</summary>
internal sealed record SarifAddress(
    ulong AbsoluteAddress,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ulong? Length,
    string Kind);
