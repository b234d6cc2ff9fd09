using IommuSpy.Memory;

namespace IommuSpy.Cli.Json;

/// <summary>"0xffffffff97a00000".</summary>
internal sealed class VirtualAddressConverter() : HexConverter<VirtualAddress>(address => address.Value, 16);
