using IommuSpy.Memory;

namespace IommuSpy.Cli.Json;

/// <summary>"0x00000000ffeff000".</summary>
internal sealed class IoVirtualAddressConverter() : HexConverter<IoVirtualAddress>(address => address.Value, 16);
