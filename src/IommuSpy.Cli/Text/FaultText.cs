using IommuSpy.Analysis.Iommu.Faults;

namespace IommuSpy.Cli.Text;

/// <summary>A <see cref="FaultReport"/> as text.</summary>
internal static class FaultText
{
    public static void Write(TextWriter writer, FaultReport report)
    {
        writer.WriteLine($"{report.Event}: {Subject(report)}{(report.Count > 1 ? $" ({report.Count} times)" : "")}");
        writer.WriteLine();
        Fields fields = new(writer, teach: false);
        string? unknown = report.Ids is null ? ", which the kernel does not know" : $", {report.Ids}, {report.Driver ?? "no driver"}";
        fields.Line("device", report.Device is null ? null : $"{report.Device}{(report.Pasid is int pasid ? $", PASID {pasid}" : "")}{unknown}");
        fields.Line("then", report.Reason);
        Entry(fields, "entry then", report.EntryThen);
        fields.Line("now", report.Verdict);
        Entry(fields, "entry", report.Entry);
        fields.Line("command", report.Command is { } command ? string.Join(' ', command.Select(word => $"{word.Value:x16}")) : null);
        if (report.Interrupt is { } entry)
        {
            string destination = entry.Destination is { } to ? $", to {to}" : "";
            string vector = $"vector 0x{entry.Vector:x2}, {entry.Mode}, {entry.Delivery}{destination}";
            fields.Line("entry", $"{entry.Index} of {entry.Unit} at {entry.EntryAddress}: {vector}, for {entry.Device ?? "any device"}");
        }

        if (report.Now is { } now)
        {
            DeviceTranslationText.WriteWalk(fields, now);
        }
    }

    private static string Subject(FaultReport report)
    {
        string who = report.Device ?? "a device that the line does not name";
        string where = report.Iova is { } address ? $" of {address}" : "";
        string unit = report.Unit ?? $"the {report.Vendor} unit";
        string of = (report.Device is null ? "" : $", for {report.Device}") + (report.Physical is { } at ? $", at physical {at}" : "");
        return report.Kind switch
        {
            null => $"status of {unit}",
            FaultKind.Command => $"a command of {unit} failed{of}",
            FaultKind.Hardware when report.Iova is null => $"{unit} met a hardware error{of}",
            FaultKind.Interrupt => $"an interrupt{(report.Iova is { } sent ? $", a write to {sent}," : "")} by {who} was refused",
            _ => $"{(report.Access is null ? "a request" : $"a {report.Access}")}{where} by {who} was refused",
        };
    }

    private static void Entry(Fields fields, string name, FaultEntry? entry)
    {
        if (entry is null || entry.Words.Count == 0)
        {
            return;
        }

        string reserved = entry.Reserved.Count > 0 ? $"reserved and set: {string.Join(", ", entry.Reserved)}" : "nothing reserved is set";
        fields.Line(name, $"{(entry.EntryAddress is { } at ? $"{at}  " : "")}{string.Join(' ', entry.Words.Select(word => $"{word.Value:x16}"))}");
        if (entry.Set.Count > 0)
        {
            fields.Line("", $"{string.Join(", ", entry.Set)}; {reserved}");
        }
    }
}
