using System.Text.Json;
using System.Text.Json.Serialization;

namespace IommuSpy.Cli.Json;

/// <summary>Writes an enum by its name: "ptiUserHalf".</summary>
internal sealed class CamelCaseEnumConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase)
    where T : struct, Enum;
