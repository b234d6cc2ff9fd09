using IommuSpy.Analysis.Reach;

namespace IommuSpy;

/// <summary>Every device that can get at a physical byte: what `iommu-spy reach` answers.</summary>
public sealed record Reach
{
    /// <summary>The physical address.</summary>
    public required ulong Physical { get; init; }

    /// <summary>
    /// The devices, by address: those that tables let through, once for each address at which they have it, then those that nothing restricts. At most
    /// 1024 ways through tables are named.
    /// </summary>
    public required IReadOnlyList<Reacher> Devices { get; init; }

    /// <summary>Whether all tables were read and all ways are named; where not, more devices may reach it.</summary>
    public required bool IsWhole { get; init; }

    /// <summary>Why devices are not known; null where they are.</summary>
    public required string? Absence { get; init; }

    internal static Reach Of(ReachReport report) => new()
    {
        Physical = report.Physical.Value,
        Devices =
        [
            .. report.Devices.Select(way => new Reacher(way.Device, way.Driver, way.Pasid, way.Iova.Value, way.Rights, way.PageSize, IsRestricted: true)),
            .. report.Unrestricted.Select(device => new Reacher(device.Device, device.Driver, null, report.Physical.Value, "rw", 0, IsRestricted: false)),
        ],
        IsWhole = report.IsWhole && !report.IsCut,
        Absence = report.Absence,
    };
}
