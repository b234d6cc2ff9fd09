using IommuSpy.Analysis.Pages;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Analysis.Pages.BuddyZoneReport>;
using Lists = IommuSpy.Catalogue.Columns<IommuSpy.Analysis.Pages.BuddyTypeReport>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>The free memory of each zone.</summary>
internal sealed class BuddyTable() : Table<BuddyZoneReport>(
    "buddy",
    "Free memory by zone: blocks of each order, and what CPUs keep for themselves.",
    Its.Integer("node", "The zone's node.", row => row.Node),
    Its.Text("zone", "Its name.", row => row.Zone),
    Its.Hex("startPfn", "Its first page frame.", row => row.StartPfn.Number),
    Its.Number("spannedPages", "Page frames to its end, holes included.", row => row.SpannedPages, "pages"),
    Its.Number("presentPages", "Page frames that exist.", row => row.PresentPages, "pages"),
    Its.Number("managedPages", "Page frames that the allocator was given.", row => row.ManagedPages, "pages"),
    Its.Number("freePages", "Pages in free blocks.", row => row.FreePages, "pages"),
    Its.Numbers("counts", "Free blocks by order, from 0: a line of /proc/buddyinfo.", row => Signed(row.Counts)),
    Its.Numbers("cpuPages", "Free pages that each CPU keeps for itself.", row => Signed(row.CpuPages)),
    Its.Records("types", "Free blocks by migrate type: lines of /proc/pagetypeinfo.", row => row.Types,
        Lists.Text("type", "The migrate type.", row => row.Type),
        Lists.Numbers("counts", "Its free blocks by order, from 0.", row => Signed(row.Counts))),
    Its.Texts("damage", "What of the lists contradicts itself or could not be followed.", row => row.Damage))
{
    /// <inheritdoc/>
    public override void Rows(Question question, Action<BuddyZoneReport> receive)
    {
        foreach (BuddyZoneReport zone in BuddyReport.Of(question.Machine).Zones)
        {
            question.Tell(zone.Damage.Select(damage => $"zone {zone.Zone}: {damage}"));
            receive(zone);
        }
    }

    // Counts of what lies in memory.
    private static IReadOnlyList<long> Signed(IReadOnlyList<ulong> counts) => [.. counts.Select(count => (long)count)];
}
