using IommuSpy.Analysis.Wording;

namespace IommuSpy.Cli.Json;

/// <summary>"0x16a00000".</summary>
internal sealed class HexValueConverter() : HexConverter<HexValue>(value => value.Value, 1);
