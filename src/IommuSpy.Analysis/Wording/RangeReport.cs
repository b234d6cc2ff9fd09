using System.Text.Json.Serialization;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Wording;

/// <summary>A run of physical memory.</summary>
/// <param name="Start">First byte.</param>
/// <param name="End">The byte after the last.</param>
public sealed record RangeReport(PhysicalAddress Start, PhysicalAddress End)
{
    /// <summary>Its last byte.</summary>
    [JsonIgnore]
    public PhysicalAddress Last => new(End.Value - 1);

    /// <summary>The report of a range.</summary>
    public static RangeReport Of(PhysicalRange range) => new(range.Start, range.Last + 1);

    /// <summary>The report of the run that holds an address; null where the image lacks it.</summary>
    internal static RangeReport? Around(PhysicalMemory memory, PhysicalAddress address)
    {
        foreach (PhysicalRange range in memory.Ranges)
        {
            if (range.Contains(address))
            {
                return Of(range);
            }
        }

        return null;
    }
}
