using IommuSpy.Memory;

namespace IommuSpy.Cli.Json;

/// <summary>"0x000000000f810000".</summary>
internal sealed class IoVirtualAddressConverter() : HexConverter<IoVirtualAddress>(address => address.Value, 16);
