namespace IommuSpy.Analysis.Pages;

/// <summary>The free memory of a machine, by zone and order.</summary>
/// <param name="Zones">The zones that have memory.</param>
public sealed record BuddyReport(IReadOnlyList<BuddyZoneReport> Zones)
{
    /// <summary>Asks a machine.</summary>
    /// <exception cref="Linux.Types.MissingTypeException">Nothing describes zones.</exception>
    public static BuddyReport Of(Machine machine) => new([.. machine.Parts.Zones.Required.Zones.Select(BuddyZoneReport.Of)]);
}
