using System.Globalization;
using IommuSpy.Analysis.Devices;
using IommuSpy.Analysis.Wording;
using IommuSpy.Memory;

namespace IommuSpy.Cli.Text;

/// <summary>Devices as text.</summary>
internal static class DevicesText
{
    private const int MappedColumn = 8;
    private const int RangesShown = 16;

    /// <summary>All, a line each.</summary>
    public static void Write(TextWriter writer, DevicesReport report)
    {
        TextTable table = new("device", "ids", "driver", "unit", "group", "domain", "mode", "policy", "mapped",
            "what")
        { RightAligned = new HashSet<int> { MappedColumn } };
        foreach (DeviceReport device in report.Devices)
        {
            table.Add(
                device.Device, Ids(device), Printable.Name(device.Driver ?? "-"), device.Unit ?? "-", Number(device.Group),
                Number((uint?)device.Domain), device.Mode, Policy(device),
                device.MappedBytes is ulong bytes ? Size.Text(bytes) : "all",
                string.Join(", ", new[] { What(device), device.Owner is string owner ? $"for {Printable.Name(owner)}" : "" }.Where(part => part.Length > 0)));
        }

        table.Write(writer);
    }

    /// <summary>One, with all that is known of it.</summary>
    public static void Write(TextWriter writer, DeviceReport device)
    {
        writer.WriteLine($"{device.Device}  {What(device)}");
        writer.WriteLine();
        Fields fields = new(writer, teach: false);
        fields.Line("ids",
            $"{Ids(device)}{(device.ClassCode is { } code ? $", class {code.Value:x6}" : "")}{(device.ClassName is string name ? $"  {name}" : "")}");
        fields.Line("driver", device.Driver is string driver ? Printable.Name(driver) : (device.VendorId is null ? "not known" : "none"));
        fields.Line("unit", device.Unit ?? "none: nothing is between it and memory");
        fields.Line("group", device.Group?.ToString(CultureInfo.InvariantCulture));
        fields.Line("mode", device.Mode + (device.Problem is string problem ? $": {problem}" : ""));
        fields.Line("domain", device.Domain is int domain
            ? string.Create(CultureInfo.InvariantCulture,
                $"{domain}{(device.DomainType is string type ? $", {type} by the kernel" : "")}"
                    + $"{(device.Strict is bool strict ? strict ? ", strict invalidation" : ", lazy invalidation" : "")}")
            : device.DomainType is string word ? $"{word} by the kernel" : null);
        fields.Line("entry", device.EntryAddress?.ToString());
        fields.Line("tables", device.Root is PhysicalAddress root ? $"{device.TableFormat}, {device.Levels} levels, root {root}" : null);
        fields.Line("reaches",
            device.MappedBytes is ulong bytes ? $"{Size.Text(bytes)} of I/O virtual addresses (iommu-spy maps --device {device.Device})" : "all memory");
        WriteOwner(fields, device);
        fields.Line("PASIDs", device.Pasids.Count > 0 ? string.Join(' ', device.Pasids) : null);
        string[] may = [.. Abilities(device)];
        fields.Line("may", may.Length > 0 ? string.Join(", ", may) : null);
        fields.Line("arrives as", device.Requesters is [string only] && only == device.Device ? null : string.Join(", ", device.Requesters));
        string lead = "reserved";
        foreach (ReservedRegionReport region in device.ReservedRegions)
        {
            fields.Line(lead,
                $"{region.Start}-{region.Last}  {(region.Readable ? "r" : "")}{(region.Writable ? "w" : "")}  by firmware, "
                    + $"always{(region.Untranslated ? ", untranslated" : "")}");
            lead = "";
        }
    }

    /// <summary>Who gave a range, and where it is for them: "usermapping[279] at 0x00007ffbdda40000".</summary>
    public static string Giver(GivenRangeReport range)
    {
        string process = range.Pid is int pid
            ? string.Create(CultureInfo.InvariantCulture, $"{Printable.Name(range.Comm ?? "?")}[{pid}]") : "a process that is gone";
        string guest = range is { Machine: string machine, GuestPhysical: PhysicalAddress at } ? $", guest-physical {at} of {Printable.Name(machine)}" : "";
        return $"{process} at {range.Virtual}{guest}";
    }

    private static void WriteOwner(Fields fields, DeviceReport device)
    {
        fields.Line("owner", device.Owner is string owner ? $"{Printable.Name(owner)}, by VFIO" : null);
        string lead = "given";
        foreach (GivenRangeReport range in device.Given.Take(RangesShown))
        {
            string pinned = range.PinnedPages is ulong pages && pages << PageFrame.Shift != range.Bytes
                ? string.Create(CultureInfo.InvariantCulture, $", {pages} pages of it mapped") : "";
            fields.Line(lead, $"{range.Iova}  {Size.Text(range.Bytes),9}  {range.Rights,-2}  of {Giver(range)}{pinned}");
            lead = "";
        }

        fields.Line("", device.Given.Count > RangesShown
            ? string.Create(CultureInfo.InvariantCulture, $"... and {device.Given.Count - RangesShown} more (-J)") : null);
    }

    /// <summary>What a device is: its name, or its class.</summary>
    public static string What(DeviceReport device)
    {
        string name = string.Join(' ', new[] { device.VendorName, device.DeviceName }.OfType<string>());
        return name.Length > 0 ? name : device.ClassName ?? "";
    }

    private static string Ids(DeviceReport device) => device is { VendorId: { } vendor, DeviceId: { } id } ? $"{vendor.Value:x4}:{id.Value:x4}" : "-";

    private static string Number(uint? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "-";

    private static string Policy(DeviceReport device) => device.Strict switch
    {
        true => "strict",
        false => "lazy",
        null => device.DomainType ?? "-",
    };

    private static IEnumerable<string> Abilities(DeviceReport device)
    {
        if (device.BusMaster is bool master)
        {
            yield return master ? "start transactions" : "not start transactions (bus mastering is off)";
        }

        if (device.Ats == true)
        {
            yield return "keep translations (ATS)";
        }

        if (device.Pasid == true)
        {
            yield return "tag requests with PASIDs";
        }

        if (device.Pri == true)
        {
            yield return "ask for pages (PRI)";
        }

        if (device.Untrusted == true)
        {
            yield return "not be trusted (external port)";
        }
    }
}
