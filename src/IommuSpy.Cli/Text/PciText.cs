using System.Globalization;
using IommuSpy.Analysis.Pci;
using IommuSpy.Analysis.Wording;

namespace IommuSpy.Cli.Text;

/// <summary>PCI functions as text.</summary>
internal static class PciText
{
    /// <summary>All, a line each.</summary>
    public static void Write(TextWriter writer, PciReport report)
    {
        TextTable table = new("address", "ids", "class", "driver", "group", "what");
        foreach (PciFunctionReport function in report.Functions)
        {
            table.Add(function.Address, Ids(function), Class(function), Printable.Name(function.Driver ?? "-"), Group(function), What(function));
        }

        table.Write(writer);
    }

    /// <summary>One, with all that is known of it.</summary>
    public static void Write(TextWriter writer, PciFunctionReport function)
    {
        writer.WriteLine($"{function.Address}  {What(function)}");
        writer.WriteLine();
        Fields fields = new(writer, teach: false);
        string subsystem = function is { SubsystemVendor: { Value: not 0 } vendor, SubsystemDevice: { } device }
            ? $", subsystem {vendor.Value:x4}:{device.Value:x4}" : "";
        fields.Line("ids", $"{Ids(function)}{subsystem}{(function.Revision is { } revision ? $", revision {revision.Value:x2}" : "")}");
        fields.Line("class", $"{Class(function)}{(function.ClassName is string name ? $"  {name}" : "")}");
        fields.Line("kind", function.SecondaryBus is int first
            ? string.Create(CultureInfo.InvariantCulture, $"{function.Kind}, buses {first:x2}-{function.LastBus ?? first:x2} behind it")
            : function.Kind);
        fields.Line("behind", function.Bridge);
        fields.Line("driver", function.Driver ?? "none");
        fields.Line("IOMMU",
            function.IommuGroup is uint group ? string.Create(CultureInfo.InvariantCulture, $"group {group}") : "no group: no IOMMU translates for it");
        fields.Line("may", string.Join(", ", Abilities(function)));
        fields.Line("VF of", function.VirtualFunctionOf);
        fields.Line("reaches", function.DmaMask is { } mask ? $"addresses up to {mask} (its driver's DMA mask)" : null);
        fields.Line("aliases", function.DmaAliases.Count > 0 ? $"makes transactions as {string.Join(", ", function.DmaAliases)} too" : null);
        fields.Line("quirks", function.Quirks.Count > 0 ? string.Join(' ', function.Quirks) : null);
        string lead = "decodes";
        foreach (PciResourceReport resource in function.Resources)
        {
            string traits = (resource.Prefetchable ? " prefetchable" : "") + (resource.Is64Bit ? " 64-bit" : "");
            fields.Line(lead, $"{resource.Name,-10} {resource.Space} {resource.Start}-{resource.End}{traits}");
            lead = "";
        }

        fields.Line("object", $"{function.Object}  struct pci_dev");
    }

    private static string Ids(PciFunctionReport function) => $"{function.Vendor.Value:x4}:{function.Device.Value:x4}";

    private static string Class(PciFunctionReport function) => $"{function.Class.Value:x6}";

    private static string Group(PciFunctionReport function) => function.IommuGroup?.ToString(CultureInfo.InvariantCulture) ?? "-";

    private static string What(PciFunctionReport function)
    {
        string name = string.Join(' ', new[] { function.VendorName, function.DeviceName }.OfType<string>());
        return name.Length > 0 ? name : function.ClassName ?? function.Kind ?? "-";
    }

    private static IEnumerable<string> Abilities(PciFunctionReport function)
    {
        yield return function.BusMaster switch
        {
            true => "start transactions",
            false => "not start transactions (bus mastering is off)",
            null => "start transactions or not: nothing tells",
        };
        if (function.Msi == true || function.Msix == true)
        {
            yield return function.Msix == true ? "interrupt by MSI-X" : "interrupt by MSI";
        }

        if (function.Ats == true)
        {
            yield return "ask for translations (ATS)";
        }

        if (function.Pasid == true)
        {
            yield return "tag transactions with PASIDs";
        }

        if (function.Pri == true)
        {
            yield return "ask for pages (PRI)";
        }

        if (function.Untrusted == true)
        {
            yield return "not be trusted (external port)";
        }
    }
}
