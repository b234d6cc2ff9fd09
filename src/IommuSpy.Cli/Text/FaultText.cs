using IommuSpy.Analysis.Iommu;

namespace IommuSpy.Cli.Text;

/// <summary>A <see cref="FaultReport"/> as text.</summary>
internal static class FaultText
{
    public static void Write(TextWriter writer, FaultReport report)
    {
        string what = report.Access is null ? "a request" : $"a {report.Access}";
        writer.WriteLine($"{report.Event}: {what}{(report.Address is { } address ? $" of {address}" : "")} by {report.Device ?? "a device that the line does not name"} was refused");
        writer.WriteLine();
        Fields fields = new(writer, teach: false);
        fields.Line("device", report.Device is null ? null : $"{report.Device}{(report.Pasid is int pasid ? $", PASID {pasid}" : "")}{(report.Ids is null ? ", which the kernel does not know" : $", {report.Ids}, {report.Driver ?? "no driver"}")}");
        fields.Line("then", report.Reason);
        fields.Line("now", report.Verdict);
        if (report.Interrupt is { } entry)
        {
            fields.Line("entry", $"{entry.Index} of {entry.Unit} at {entry.EntryAddress}: vector 0x{entry.Vector:x2}, {entry.Mode}, {entry.Delivery}{(entry.Destination is { } to ? $", to {to}" : "")}, for {entry.Source ?? "any device"}");
        }

        if (report.Now is DeviceTranslationReport now)
        {
            DeviceTranslationText.WriteWalk(fields, now);
        }
    }
}
