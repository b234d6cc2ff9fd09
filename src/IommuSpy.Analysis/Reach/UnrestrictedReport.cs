using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Frames;

namespace IommuSpy.Analysis.Reach;

/// <summary>A device that reaches all memory.</summary>
/// <param name="Device">The device.</param>
/// <param name="Driver">Its driver; null for none, or where that is not known.</param>
/// <param name="Mode">Why: "pass-through" or "no IOMMU".</param>
/// <param name="BusMaster">Whether it may start transactions now; null where that is not known.</param>
public sealed record UnrestrictedReport(string Device, string? Driver, string Mode, bool? BusMaster)
{
    /// <summary>Describes a device that reaches everything.</summary>
    public static UnrestrictedReport Of(MachineDevice device) =>
        new(device.Address.ToString(), device.Function?.Driver, device.Access.Words(), device.Function?.IsBusMaster);
}
