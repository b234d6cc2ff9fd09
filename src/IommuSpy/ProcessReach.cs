using IommuSpy.Analysis.Reach;

namespace IommuSpy;

/// <summary>Every page of a process that a device can get at: what `iommu-spy reach --pid` answers.</summary>
public sealed record ProcessReach
{
    /// <summary>Pages of 4 KiB that the process's tables map.</summary>
    public required ulong PresentPages { get; init; }

    /// <summary>How many of them a device reaches through tables.</summary>
    public required ulong ReachedPages { get; init; }

    /// <summary>Those, in runs: in order of address, then of device.</summary>
    public required IReadOnlyList<ReachedRun> Runs { get; init; }

    /// <summary>Devices that nothing restricts: they reach all of the process, and all other memory.</summary>
    public required IReadOnlyList<string> Unrestricted { get; init; }

    /// <summary>Whether all tables were read and all runs are named.</summary>
    public required bool IsWhole { get; init; }

    internal static ProcessReach Of(ProcessReachReport report) => new()
    {
        PresentPages = report.PresentPages,
        ReachedPages = report.ReachedPages,
        Runs =
        [
            .. report.Rows.Select(row =>
                new ReachedRun(row.Virtual.Value, row.Bytes, row.Physical.Value, row.Device, row.Driver, row.Pasid, row.Iova.Value, row.Rights)),
        ],
        Unrestricted = [.. report.Unrestricted.Select(device => device.Device)],
        IsWhole = report.IsWhole && !report.IsCut,
    };
}
