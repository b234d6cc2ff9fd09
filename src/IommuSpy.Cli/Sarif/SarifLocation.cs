using System.Text.Json.Serialization;

namespace IommuSpy.Cli.Sarif;

/// <summary>Where a finding is (3.28): a device or unit, and an address in the memory that was looked at.</summary>
internal sealed record SarifLocation(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] SarifPhysicalLocation? PhysicalLocation,
    IReadOnlyList<SarifLogicalLocation> LogicalLocations,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] SarifText? Message);
