using IommuSpy.Analysis;
using IommuSpy.Analysis.Maps;
using IommuSpy.Cli.Json;

namespace IommuSpy.Cli.Commands;

/// <summary>A mapping as a row of JSON.</summary>
internal static class MappingRows
{
    /// <summary>Writes it.</summary>
    /// <param name="rows">Where to.</param>
    /// <param name="mapping">The mapping.</param>
    /// <param name="leaf">Whether it is a single leaf, which has an entry, rather than a run, which has a length.</param>
    public static void Mapping(this RowWriter rows, Mapping mapping, bool leaf)
    {
        rows.Begin();
        rows.Address("virtual"u8, mapping.Virtual.Value);
        if (!leaf)
        {
            rows.Number("length"u8, mapping.Length);
        }

        rows.Address("physical"u8, mapping.Physical.Value);
        if (!leaf)
        {
            rows.Number("physicalRuns"u8, (ulong)mapping.PhysicalRuns);
        }

        rows.Number("pageSize"u8, mapping.PageSize);
        if (leaf)
        {
            rows.Address("entry"u8, mapping.Entry);
        }

        rows.Text("rights"u8, RightsText.Of(mapping.Rights));
        rows.Text("region"u8, mapping.Region);
        rows.End();
    }
}
