using IommuSpy.Analysis.Pages;
using IommuSpy.Analysis.Wording;
using IommuSpy.Linux.Slab;
using IommuSpy.Memory;

namespace IommuSpy.Cli.Text;

/// <summary>A slab as text.</summary>
internal static class SlabText
{
    private const int MostObjects = 64;

    /// <summary>Writes what an address in a slab is.</summary>
    public static void Write(TextWriter writer, SlabAddressReport report)
    {
        string what = report.Object is SlabObjectReport item
            ? $"{State(item.State)} object {item.Index} of {Printable.Name(report.Cache)}, {report.Offset} into its {report.Slab.ObjectBytes} bytes"
            : $"between objects of {Printable.Name(report.Cache)}";
        writer.WriteLine($"{report.Virtual}  {what}");
        writer.WriteLine();
        Fields fields = new(writer, teach: false);
        fields.Line("object", report.Object is SlabObjectReport its ? $"{its.Virtual} - {its.Virtual + (report.Slab.ObjectBytes - 1)}" : null);
        Slab(fields, report.Slab, report.Object?.Index);
    }

    /// <summary>Writes a slab and its objects.</summary>
    /// <param name="fields">Where to.</param>
    /// <param name="slab">The slab.</param>
    /// <param name="marked">The number of the object that was asked for; null for none.</param>
    public static void Slab(Fields fields, SlabReport slab, int? marked)
    {
        string cpu = slab.Cpu is int number ? $"; CPU {number} allocates from it" : "";
        fields.Line("slab", $"{slab.Start}, {Size.Text(slab.Bytes)}: {slab.Live} objects of {slab.ObjectBytes} bytes live, {slab.Free} free{cpu}");
        fields.Line("damage", slab.Damage);
        string lead = "objects";
        int first = marked is int at && at >= MostObjects ? at - (MostObjects / 2) : 0;
        foreach (SlabObjectReport item in slab.Objects.Skip(first).Take(MostObjects))
        {
            fields.Line(lead, $"{item.Virtual}  {State(item.State)}{(item.Index == marked ? "  <" : "")}");
            lead = "";
        }

        int left = slab.Objects.Count - first - MostObjects;
        fields.Line("", left > 0 ? $"... and {left} more: -J has all" : null);
    }

    private static string State(SlabObjectState state) => state switch
    {
        SlabObjectState.Live => "live",
        SlabObjectState.Free => "free",
        SlabObjectState.FreeCached => "free, kept for the next allocation",
        SlabObjectState.Freeing => "freed, until its readers are done",
        _ => "not known",
    };
}
