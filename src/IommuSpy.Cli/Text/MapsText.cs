using System.Globalization;
using IommuSpy.Analysis.Maps;
using IommuSpy.Analysis.Wording;
using IommuSpy.Linux.AddressSpaces;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Cli.Text;

/// <summary>Mappings as text, a line each, as they are found; a heading where the region changes.</summary>
internal sealed class MapsText(TextWriter writer, TableFormat format)
{
    // So many areas are named in a note; the others are counted.
    private const int NamedAreas = 3;

    private bool _begun;
    private string? _region;

    /// <summary>A leaf by itself.</summary>
    public void Leaf(in Mapping leaf)
    {
        Heading($"{"virtual",-16}  {"physical",-16}  {"page",5}  {"rights",-10}  {"entry",-16}  flags", leaf.Region);
        writer.WriteLine(
            $"{leaf.Virtual.Value:x16}  {leaf.Physical.Value:x16}  {Size.Text(leaf.PageSize),5}  {RightsText.Of(leaf.Rights),-10}  {leaf.Entry:x16}  "
                + $"{string.Join(' ', format.FlagNames(leaf.Entry, format.LevelOf(leaf.PageSize)))}");
    }

    /// <summary>A range, and how often it is repeated.</summary>
    public void Range(in MappingSeries series)
    {
        Mapping range = series.First;
        Heading($"{"virtual, first to last byte",-33}  {"size",9}  {"page",5}  {"rights",-10}  physical", range.Region);
        string scattered = range.PhysicalRuns > 1 ? $"  and on, in {range.PhysicalRuns} runs" : "";
        string repeated = series.Count == 1 ? "" : string.Create(
            CultureInfo.InvariantCulture,
            $"  {series.Count:N0} aliases of {(range.Length == range.PageSize ? "this page" : "this memory")}, every {Size.Text(series.Stride)}, the last at "
                + $"{range.Virtual.Value + ((ulong)(series.Count - 1) * series.Stride):x16}");
        writer.WriteLine(
            $"{range.Virtual.Value:x16}-{range.Virtual.Value + (range.Length - 1):x16}  {Size.Text(range.Length),9}  {Size.Text(range.PageSize),5}  "
                + $"{RightsText.Of(range.Rights),-10}  {range.Physical.Value:x16}{scattered}{repeated}");
    }

    /// <summary>"2 areas of workload[173] allow -wx: ...", for areas in which no page has these rights now; null for none.</summary>
    public static string? Allowed(AllowingAreas areas, string rights)
    {
        IReadOnlyList<MemoryArea> rest = areas.Rest;
        string named = string.Join("; ",
            rest.Take(NamedAreas).Select(area => $"{area.Start.Value:x8}-{area.End.Value:x8} {area.Rights ?? "?"} {Printable.Name(area.Name ?? "anonymous")}"));
        string more = rest.Count > NamedAreas ? string.Create(CultureInfo.InvariantCulture, $"; and {rest.Count - NamedAreas:N0} more") : "";
        return rest.Count == 0
            ? null
            : $"{Amount.Of((ulong)rest.Count, "area")} of {Printable.Name(areas.Process.ToString())} {(rest.Count == 1 ? "allows" : "allow")} {rights}, though "
                + $"no page in {(rest.Count == 1 ? "it" : "them")} has that now: {named}{more} (see iommu-spy "
                + $"vmas {areas.Process.Pid} --rights {rights.Replace("-", "", StringComparison.Ordinal)})";
    }

    private void Heading(string columns, string region)
    {
        if (!_begun)
        {
            _begun = true;
            writer.WriteLine(columns);
        }

        if (region != _region)
        {
            _region = region;
            writer.WriteLine($"--- {region}");
        }
    }
}
