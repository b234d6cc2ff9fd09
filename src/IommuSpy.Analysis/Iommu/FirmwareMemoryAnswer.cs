using IommuSpy.Memory;

namespace IommuSpy.Analysis.Iommu;

/// <summary>A range that firmware keeps open to devices.</summary>
/// <param name="First">First byte.</param>
/// <param name="Last">Last byte, inclusive.</param>
/// <param name="Rights">"rw", "r-"...</param>
/// <param name="IsExclusion">Whether it is passed through untranslated, rather than mapped one to one.</param>
/// <param name="Scopes">Which devices.</param>
public sealed record FirmwareMemoryAnswer(PhysicalAddress First, PhysicalAddress Last, string Rights, bool IsExclusion, IReadOnlyList<string> Scopes);
