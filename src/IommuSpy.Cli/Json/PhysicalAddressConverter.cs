using IommuSpy.Memory;

namespace IommuSpy.Cli.Json;

/// <summary>"0x000000000f810000".</summary>
internal sealed class PhysicalAddressConverter() : HexConverter<PhysicalAddress>(address => address.Value, 16);
