using System.Text.Json;
using System.Text.Json.Serialization;
using IommuSpy.Catalogue;

namespace IommuSpy.Export;

/// <summary>How an export's records are JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(CaptureRecord))]
[JsonSerializable(typeof(ColumnRecord[]))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
internal sealed partial class ExportJson : JsonSerializerContext
{
    /// <summary>On one line.</summary>
    public static ExportJson Line { get; } = new(Form(indented: false));

    /// <summary>For people too.</summary>
    public static ExportJson Indented { get; } = new(Form(indented: true));

    private static JsonSerializerOptions Form(bool indented) => new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = HarmlessEncoder.Instance,
        WriteIndented = indented,
        NewLine = "\n",
    };
}
