using IommuSpy.Memory;

namespace IommuSpy.Analysis.Info;

/// <summary>A run of physical memory.</summary>
/// <param name="Start">First byte.</param>
/// <param name="End">Last byte, inclusive.</param>
public sealed record RangeReport(PhysicalAddress Start, PhysicalAddress End)
{
    /// <summary>The report of a range.</summary>
    public static RangeReport Of(PhysicalRange range) => new(range.Start, range.Last);

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
