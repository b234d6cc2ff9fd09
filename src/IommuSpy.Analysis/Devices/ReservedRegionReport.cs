using System.Text.Json.Serialization;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Devices;

/// <summary>Memory that firmware demands to be mapped one to one for a device, always (DMAR: RMRR; IVRS: IVMD).</summary>
/// <param name="Start">First byte.</param>
/// <param name="End">Last byte.</param>
/// <param name="Readable">Whether the device may read it.</param>
/// <param name="Writable">Whether the device may write it.</param>
/// <param name="Untranslated">Whether it is to be let through rather than mapped.</param>
public sealed record ReservedRegionReport(PhysicalAddress Start, PhysicalAddress End, bool Readable, bool Writable, bool Untranslated)
{
    /// <summary>Its last byte.</summary>
    [JsonIgnore]
    public PhysicalAddress Last => new(End.Value - 1);
}
