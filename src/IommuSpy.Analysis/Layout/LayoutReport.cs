using IommuSpy.Analysis.Maps;
using IommuSpy.Linux.Layout;

namespace IommuSpy.Analysis.Layout;

/// <summary>A kernel's virtual memory map: documented, real, and what is mapped in it.</summary>
/// <param name="Release">The kernel's release.</param>
/// <param name="Documentation">Which document the documented columns are from.</param>
/// <param name="Regions">The regions, in address order.</param>
public sealed record LayoutReport(string Release, string Documentation, IReadOnlyList<RegionReport> Regions)
{
    /// <summary>Asks a machine. One walk over the kernel's tables.</summary>
    public static LayoutReport Of(Machine machine)
    {
        IReadOnlyList<LayoutRegion> regions = machine.Parts.Layout.Regions;
        RegionUse[] uses = [.. regions.Select(_ => new RegionUse())];
        int at = 0;
        MappingList.Visit(machine, new(), mapping =>
        {
            while (!regions[at].Contains(mapping.Virtual))
            {
                at++;
            }

            uses[at].Add(mapping.PageSize, mapping.Length, mapping.Rights);
        });

        return new(
            machine.Kernel.Facts.Release.Value,
            machine.Parts.Layout.Documented.Source,
            [.. regions.Zip(uses, (region, use) => RegionReport.Of(region, use))]);
    }
}
