using IommuSpy.Analysis.Iommu;
using IommuSpy.Cli.Json;
using IommuSpy.Memory;
using IommuSpy.Translation;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Cli.Commands;

/// <summary>maps --device: what a device can reach.</summary>
internal static class DeviceMaps
{
    /// <summary>Writes it.</summary>
    /// <param name="view">The device.</param>
    /// <param name="first">First address.</param>
    /// <param name="last">Last address, inclusive.</param>
    /// <param name="rights">Only what has all of these.</param>
    /// <param name="leaves">Each entry by itself.</param>
    /// <param name="json">As JSON, rather than text.</param>
    /// <param name="lines">As JSON Lines.</param>
    /// <exception cref="NoAnswerException">Nothing is mapped there.</exception>
    public static int Write(DeviceView view, IoVirtualAddress first, IoVirtualAddress last, AccessRights rights, bool leaves, bool json, bool lines)
    {
        if (view.Context.Mode == DmaMode.PassThrough)
        {
            throw new NoAnswerException($"{view.Description}: {view.Path}: no tables translate for it, it reaches all physical memory");
        }

        if (view.Context.Space is null)
        {
            throw new NoAnswerException($"{view.Description}: {view.Path}: {view.Context.Problem}");
        }

        long count = 0;
        WalkSummary summary = default;
        if (json || lines)
        {
            Output.Rows(lines, rows => summary = IoMapping.Visit(view, first, last, rights, leaves, mapping =>
            {
                count++;
                Row(rows, mapping);
            }));
        }
        else
        {
            using StreamWriter writer = Output.Text();
            writer.WriteLine($"{"I/O virtual, first to last byte",-33}  {"size",9}  {"page",5}  may  physical");
            writer.WriteLine($"--- {view.Description}: {view.Path}");
            summary = IoMapping.Visit(view, first, last, rights, leaves, mapping =>
            {
                count++;
                writer.WriteLine(
                    $"{mapping.Address.Value:x16}-{mapping.Address.Value + (mapping.Length - 1):x16}  {Size.Text(mapping.Length),9}  "
                        + $"{Size.Text(mapping.PageSize),5}  {DeviceTranslationReport.Letters(mapping.Rights),-3}  {mapping.Physical.Value:x16}");
            });
        }

        if (summary.MissingTables > 0)
        {
            Output.Problem($"{summary.MissingTables} tables are not in the image: what they map is left out");
        }

        if (summary.LimitReached)
        {
            Output.Problem($"stopped after {summary.Tables} tables: these are no tables of a sane machine, and the list is not whole");
        }

        return count > 0 ? ExitCode.Done : throw new NoAnswerException("nothing is mapped there");
    }

    private static void Row(RowWriter rows, IoMapping mapping)
    {
        rows.Begin();
        rows.Address("address"u8, mapping.Address.Value);
        rows.Number("length"u8, mapping.Length);
        rows.Address("physical"u8, mapping.Physical.Value);
        rows.Number("pageSize"u8, mapping.PageSize);
        rows.Text("rights"u8, DeviceTranslationReport.Letters(mapping.Rights));
        rows.End();
    }
}
