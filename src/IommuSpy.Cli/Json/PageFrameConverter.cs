using IommuSpy.Memory;

namespace IommuSpy.Cli.Json;

/// <summary>"0xf810".</summary>
internal sealed class PageFrameConverter() : HexConverter<PageFrame>(frame => frame.Number, 1);
