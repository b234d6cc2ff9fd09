using System.Text.Json;

namespace IommuSpy.Memory.Formats.Raw;

/// <summary>
/// Cloud Hypervisor's state.json beside its memory-ranges: where each run of the file belongs, in guest_ram_mappings (vmm/src/memory_manager.rs).
/// </summary>
internal static class CloudHypervisorState
{
    private const string StateName = "state.json";
    private const string Mappings = "guest_ram_mappings";
    private const long MostBytes = 64 << 20;
    private const int MostNested = 4;

    /// <summary>The regions of a memory file, by the state beside it; null where there is none that fits.</summary>
    internal static IReadOnlyList<RamRegion>? RegionsOf(string path, ulong fileBytes)
    {
        string state = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/", StateName);
        try
        {
            if (!File.Exists(state))
            {
                return null;
            }

            List<RamRegion> regions = [];
            using JsonDocument document = JsonDocument.Parse(Opener.ReadAll(state, MostBytes));
            Collect(document.RootElement, regions, 0);
            return RamRegion.Checked(regions, fileBytes);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // Parts of the state are JSON in a string of the JSON around them.
    private static void Collect(JsonElement element, List<RamRegion> regions, int nested)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (JsonProperty property in element.EnumerateObject())
                {
                    if (property.NameEquals(Mappings) && property.Value.ValueKind == JsonValueKind.Array)
                    {
                        regions.AddRange(property.Value.EnumerateArray().Select(Region).OfType<RamRegion>());
                    }
                    else
                    {
                        Collect(property.Value, regions, nested);
                    }
                }

                break;
            case JsonValueKind.Array:
                foreach (JsonElement item in element.EnumerateArray())
                {
                    Collect(item, regions, nested);
                }

                break;
            case JsonValueKind.String when nested < MostNested && element.GetString() is string text && text.Contains(Mappings, StringComparison.Ordinal):
                using (JsonDocument inner = JsonDocument.Parse(text))
                {
                    Collect(inner.RootElement, regions, nested + 1);
                }

                break;
        }
    }

    private static RamRegion? Region(JsonElement mapping) =>
        Number(mapping, "gpa") is ulong address && Number(mapping, "file_offset") is ulong offset && Number(mapping, "size") is ulong size
            ? new(address, offset, size) : null;

    private static ulong? Number(JsonElement mapping, string name) =>
        mapping.ValueKind == JsonValueKind.Object && mapping.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number
            && value.TryGetUInt64(out ulong number) ? number : null;
}
