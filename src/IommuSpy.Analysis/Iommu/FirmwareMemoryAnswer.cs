using System.Text.Json.Serialization;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Iommu;

/// <summary>A range that firmware keeps open to devices.</summary>
/// <param name="Start">First byte.</param>
/// <param name="End">The byte after the last.</param>
/// <param name="Rights">"rw", "r-"...</param>
/// <param name="IsExclusion">Whether it is passed through untranslated, rather than mapped one to one.</param>
/// <param name="Scopes">Which devices.</param>
public sealed record FirmwareMemoryAnswer(PhysicalAddress Start, PhysicalAddress End, string Rights, bool IsExclusion, IReadOnlyList<string> Scopes)
{
    /// <summary>Its last byte.</summary>
    [JsonIgnore]
    public PhysicalAddress Last => new(End.Value - 1);
}
