using System.Text.Json;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Iommu;
using IommuSpy.Analysis.Reverse;
using IommuSpy.Memory;

namespace IommuSpy.Explorer.Server;

/// <summary>The addresses that a device can use, of each set of tables that it goes through, coarse enough to be drawn as a band.</summary>
internal static class IovaBands
{
    private const int MostSpaces = 16;
    private const int MostStretches = 64;

    /// <summary>Writes the bands of `device`: the tables of its requests without PASID first.</summary>
    /// <exception cref="Catalogue.QuestionException">There is no such device.</exception>
    public static void Write(Machine machine, Parameters parameters, Utf8JsonWriter writer, CancellationToken cancel)
    {
        MachineDevice device = ServedDevices.Of(machine, parameters.Get("device"));
        DeviceReach reach = machine.DeviceReach;
        (int Space, ReachUser User)[] its =
        [
            .. Enumerable.Range(0, reach.Spaces.Count)
                .SelectMany(space => reach.Spaces[space].Users.Where(user => user.Device == device).Select(user => (space, user)))
                .OrderBy(one => one.user.Context.Pasid ?? -1),
        ];
        writer.WriteString("device"u8, device.Address.ToString());
        writer.WriteStartArray("spaces"u8);
        foreach ((int space, ReachUser user) in its.Take(MostSpaces))
        {
            cancel.ThrowIfCancellationRequested();
            writer.WriteStartObject();
            writer.WriteString("requester"u8, user.Context.Requester.ToString());
            if (user.Context.Pasid is int pasid)
            {
                writer.WriteNumber("pasid"u8, pasid);
            }
            else
            {
                writer.WriteNull("pasid"u8);
            }

            writer.WriteNumber("domain"u8, user.Context.Domain);
            writer.WriteString("root"u8, reach.Spaces[space].Space.Root.ToString());
            writer.WriteNumber("mappedBytes"u8, reach.Spaces[space].MappedBytes);
            writer.WriteBoolean("whole"u8, reach.Spaces[space].IsWhole);
            Write(reach.ExtentsOf(space), writer, cancel);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteBoolean("more"u8, its.Length > MostSpaces);
    }

    private static void Write(ExtentList extents, Utf8JsonWriter writer, CancellationToken cancel)
    {
        Stretches stretches = new(MostStretches);
        foreach (MappedExtent extent in extents)
        {
            cancel.ThrowIfCancellationRequested();
            stretches.Add(extent.Virtual, extent.Pages << extent.PageShift, extent.Rights);
        }

        writer.WriteStartArray("stretches"u8);
        foreach (Stretch stretch in stretches.All())
        {
            writer.WriteStartObject();
            writer.WriteString("iova"u8, new IoVirtualAddress(stretch.Start).ToString());
            writer.WriteString("end"u8, new IoVirtualAddress(stretch.End).ToString());
            writer.WriteNumber("bytes"u8, stretch.Bytes);
            writer.WriteNumber("runs"u8, stretch.Runs);
            writer.WriteString("rights"u8, DeviceTranslationReport.Letters(stretch.Rights));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }
}
