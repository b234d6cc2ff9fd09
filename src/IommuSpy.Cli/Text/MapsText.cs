using IommuSpy.Analysis;
using IommuSpy.Analysis.Maps;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Cli.Text;

/// <summary>Mappings as text, a line each, as they are found; a heading where the region changes.</summary>
internal sealed class MapsText(TextWriter writer, TableFormat format, bool leaves)
{
    private string? _region;

    public void Write(Mapping mapping)
    {
        if (mapping.Region != _region)
        {
            _region = mapping.Region;
            writer.WriteLine($"--- {_region}");
        }

        string rights = RightsText.Of(mapping.Rights);
        if (leaves)
        {
            writer.WriteLine($"{mapping.Virtual.Value:x16}  {mapping.Physical.Value:x16}  {Size.Text(mapping.PageSize),5}  {rights,-10}  {mapping.Entry:x16}  {string.Join(' ', format.FlagNames(mapping.Entry, format.LevelOf(mapping.PageSize)))}");
        }
        else
        {
            string scattered = mapping.PhysicalRuns > 1 ? $"  and on, in {mapping.PhysicalRuns} runs" : "";
            writer.WriteLine($"{mapping.Virtual.Value:x16}-{mapping.Virtual.Value + (mapping.Length - 1):x16}  {Size.Text(mapping.Length),9}  {Size.Text(mapping.PageSize),5}  {rights,-10}  {mapping.Physical.Value:x16}{scattered}");
        }
    }
}
