using System.Globalization;
using IommuSpy.Analysis.Pages;
using IommuSpy.Memory;

namespace IommuSpy.Cli.Text;

/// <summary>A <see cref="BuddyReport"/> as text.</summary>
internal static class BuddyText
{
    /// <summary>Writes it.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="report">The report.</param>
    /// <param name="byType">A line for each migrate type too.</param>
    public static void Write(TextWriter writer, BuddyReport report, bool byType)
    {
        int orders = report.Zones.Count == 0 ? 0 : report.Zones.Max(zone => zone.Counts.Count);
        const int NumbersFrom = 3;
        string[] headings = ["node", "zone", "type", .. Enumerable.Range(0, orders).Select(order => Size.Text((ulong)PageFrame.Size << order)), "free",
            "kept by CPUs"];
        TextTable table = new(headings) { RightAligned = Enumerable.Range(NumbersFrom, headings.Length - NumbersFrom).ToHashSet() };
        foreach (BuddyZoneReport zone in report.Zones)
        {
            string cpus = zone.CpuPages.Aggregate(0UL, (sum, pages) => sum + pages) is ulong kept and > 0 ? Size.Text(kept << PageFrame.Shift) : "-";
            table.Add([$"{zone.Node}", zone.Zone, "all", .. Numbers(zone.Counts, orders), Size.Text(zone.FreePages << PageFrame.Shift), cpus]);
            foreach (BuddyTypeReport type in byType ? zone.Types : [])
            {
                table.Add(["", "", type.Type, .. Numbers(type.Counts, orders), "", ""]);
            }
        }

        table.Write(writer);
        foreach (BuddyZoneReport zone in report.Zones)
        {
            foreach (string damage in zone.Damage)
            {
                writer.WriteLine($"  zone {zone.Zone} is damaged: {damage}");
            }
        }
    }

    private static IEnumerable<string> Numbers(IReadOnlyList<ulong> counts, int orders) =>
        Enumerable.Range(0, orders).Select(order => order < counts.Count ? counts[order].ToString(CultureInfo.InvariantCulture) : "");
}
