using System.Globalization;
using IommuSpy.Analysis.Layout;
using IommuSpy.Memory;

namespace IommuSpy.Cli.Text;

/// <summary>Virtual memory maps as text.</summary>
internal static class LayoutText
{
    /// <summary>The real map.</summary>
    public static void Write(TextWriter writer, LayoutReport report)
    {
        writer.WriteLine($"Virtual memory map of Linux {report.Release}; documented: {report.Documentation}");
        writer.WriteLine();
        TextTable table = new("start", "end", "what", "documented", "here", "mapped", "pages", "rights");
        foreach (RegionReport region in report.Regions.Where(region => region.Name != "hole" || region.MappedBytes > 0))
        {
            table.Add(
                $"{region.Start.Value:x16}",
                $"{region.Last.Value:x16}",
                region.Name,
                region.DocumentedStart is VirtualAddress documented ? $"{documented.Value:x16}" : "-",
                Here(region),
                region.Name == "user space" ? "per process" : region.MappedBytes == 0 ? "-" : Size.Text(region.MappedBytes),
                region.ByPageSize.Count == 0 ? "-"
                    : string.Join(", ",
                        region.ByPageSize.Select(pages => string.Create(CultureInfo.InvariantCulture, $"{PageName(pages.PageSize)} x {pages.Count:n0}"))),
                region.ByRights.Count == 0 ? "-" : string.Join(", ", region.ByRights.Select(Rights)));
        }

        table.Write(writer);
    }

    /// <summary>A documented map.</summary>
    public static void Write(TextWriter writer, DocumentedLayoutReport report)
    {
        writer.WriteLine($"{report.Architecture} virtual memory map with {report.PagingLevels}-level tables, Linux {report.Kernels} ({report.Documentation})");
        writer.WriteLine();
        TextTable table = new("start", "end", "size", "what") { RightAligned = new HashSet<int> { 2 } };
        foreach (DocumentedRegionReport region in report.Regions)
        {
            table.Add($"{region.Start.Value:x16}", $"{region.Last.Value:x16}", Size.Text(region.Last.Value - region.Start.Value + 1), region.Description);
        }

        table.Write(writer);
    }

    private static string Here(RegionReport region) => region.DocumentedStart is not VirtualAddress documented ? "-"
        : region.Start == documented ? "as documented"
        : region.Start.CompareTo(documented) > 0 ? $"+0x{region.Start.Value - documented.Value:x}" : $"-0x{documented.Value - region.Start.Value:x}";

    private static string PageName(ulong bytes) => bytes switch
    {
        1UL << 30 => "1G",
        1UL << 21 => "2M",
        _ => "4K",
    };

    private static string Rights(RightsBytesReport rights) => $"{rights.Rights.Replace("kernel ", "", StringComparison.Ordinal)} {Size.Text(rights.Bytes)}";
}
