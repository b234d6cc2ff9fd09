using IommuSpy.Analysis.Wording;
using IommuSpy.Linux.Zones;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Pages;

/// <summary>The free memory of a zone.</summary>
/// <param name="Node">Its node.</param>
/// <param name="Zone">Its name.</param>
/// <param name="StartPfn">Its first page frame.</param>
/// <param name="SpannedPages">Page frames to its end, holes included.</param>
/// <param name="PresentPages">Page frames that exist.</param>
/// <param name="ManagedPages">Page frames that the buddy allocator was given.</param>
/// <param name="FreePages">Pages in free blocks.</param>
/// <param name="Counts">Free blocks by order, from 0: a line of /proc/buddyinfo.</param>
/// <param name="Types">The same by migrate type: lines of /proc/pagetypeinfo.</param>
/// <param name="CpuPages">Free pages that each CPU keeps for itself.</param>
/// <param name="Damage">What of the lists could not be followed, and lists that hold other numbers than are counted; empty for nothing.</param>
public sealed record BuddyZoneReport(
    int Node, string Zone, PageFrame StartPfn, ulong SpannedPages, ulong? PresentPages, ulong? ManagedPages, ulong FreePages, IReadOnlyList<ulong> Counts,
    IReadOnlyList<BuddyTypeReport> Types,
    IReadOnlyList<ulong> CpuPages, IReadOnlyList<string> Damage)
{
    /// <summary>The report of a zone.</summary>
    public static BuddyZoneReport Of(MemoryZone zone) => new(
        zone.Node,
        zone.Name,
        zone.Start,
        zone.Spanned,
        zone.Present,
        zone.Managed,
        zone.FreePages,
        [.. zone.Orders.Select(order => order.Count)],
        [.. Enumerable.Range(0, zone.Orders.Count == 0 ? 0 : zone.Orders[0].Lists.Count)
            .Select(i => new BuddyTypeReport(zone.Orders[0].Lists[i].Type, [.. zone.Orders.Select(order => (ulong)order.Lists[i].Blocks.Count)]))],
        [.. zone.CpuLists.Select(list => list.Count)],
        [
            .. zone.Orders.SelectMany(order =>
                order.Lists.Where(list => list.Damage is not null).Select(list => $"order {order.Order}, {list.Type}: {list.Damage}")),
            .. zone.Orders.Where(order => order.Count != order.Listed && order.Lists.Count > 0 && order.Lists.All(list => list.Damage is null))
                .Select(order => $"order {order.Order}: the zone counts {Amount.Of(order.Count, "free block")}, its lists hold {order.Listed}"),
            .. zone.CpuLists.Where(list => list.Damage is null && list.Count != list.Listed)
                .Select(list => $"CPU {list.Cpu}: it counts {Amount.Of(list.Count, "page")}, its lists hold {list.Listed}"),
            .. zone.CpuLists.Where(list => list.Damage is not null).Select(list => $"CPU {list.Cpu}: {list.Damage}"),
        ]);
}
