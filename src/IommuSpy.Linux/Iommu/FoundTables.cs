using IommuSpy.Memory;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Linux.Iommu;

/// <summary>Tables that a scan of memory found.</summary>
/// <param name="Kind">Whose they are.</param>
/// <param name="Mode">The mode of the tables.</param>
/// <param name="Tables">The tables.</param>
/// <param name="Weight">Present entries that verify: what tells tables in use from a page that happens to look like one.</param>
internal sealed record FoundTables(IommuKind Kind, IommuMode Mode, IDeviceTables Tables, int Weight)
{
    /// <summary>Where they begin.</summary>
    public PhysicalAddress Root => Tables.Root;
}
