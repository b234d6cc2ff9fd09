using System.Globalization;
using IommuSpy.Analysis.Watch;
using IommuSpy.Memory;

namespace IommuSpy.Cli.Text;

/// <summary>An interval of watching, as a table.</summary>
internal static class WatchText
{
    public static void Write(TextWriter writer, WatchReport report)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        TextTable table = new("device", "driver", "mapped", "mappings", "map/s", "unmap/s", "oldest") { RightAligned = new HashSet<int> { 2, 3, 4, 5 } };
        foreach (WatchRow row in report.Rows)
        {
            string device = row.Devices.Count == 0 ? $"domain {row.DomainObject}"
                : row.Devices[0] + (row.Devices.Count > 1 ? $" +{row.Devices.Count - 1}" : "");
            string age = row.OldestSeconds is double seconds
                ? $"{(row.OldestIsFromBefore ? ">" : "")}{seconds.ToString("0.0", culture)} s at {row.OldestIova}" : "-";
            table.Add(
                device, row.Drivers.Count == 0 ? "-" : string.Join(',', row.Drivers), Size.Text(row.MappedBytes), row.Mappings.ToString(culture),
                row.MapsPerSecond.ToString("0.0", culture), row.UnmapsPerSecond.ToString("0.0", culture), age);
        }

        double interval = Math.Max(report.To - report.From, 1e-6);
        writer.WriteLine(string.Create(
            culture,
            $"{report.Maps / interval:0.0} map/s, {report.Unmaps / interval:0.0} unmap/s in {interval:0.0} s   "
                + $"({report.Way}{(report.IsCounted ? "" : ": at least; what came and went between two looks is not seen")})"));
        if (report.Lost > 0)
        {
            writer.WriteLine(
                $"{report.Lost} events were lost: counts are too low by as many; "
                + "mapped bytes are the tables', but for domains attached since, whose tables are not known");
        }

        ulong corrected = report.Rows.Aggregate(0UL, (sum, row) => sum + row.CorrectedBytes);
        if (corrected > 0)
        {
            writer.WriteLine($"{Size.Text(corrected)} were mapped or unmapped other than the events told: taken from the tables");
        }

        table.Write(writer);
    }
}
