using System.Globalization;
using IommuSpy.Analysis.Reach;
using IommuSpy.Analysis.Wording;
using IommuSpy.Memory;

namespace IommuSpy.Cli.Text;

/// <summary>Which devices reach memory, as text.</summary>
internal static class ReachText
{
    /// <summary>Of a page.</summary>
    public static void Write(TextWriter writer, ReachReport report)
    {
        // The kernel frees pages between its image's sections: a symbol's offset says less of them than what they are.
        string what = report.Use ?? report.Symbol ?? (report.MemoryRange is null ? "not in the image" : $"pfn {report.Pfn}");
        string absence = report.MemoryRange is null || report.ContentAbsence is null ? "" : $", {report.ContentAbsence}";
        writer.WriteLine($"{report.Physical}  {what}{absence}");
        Fields fields = new(writer, teach: false);
        WriteDevices(fields, report);
    }

    /// <summary>The devices that reach a page, a line each, or that none does.</summary>
    public static void WriteDevices(Fields fields, ReachReport report, string? lesson = null)
    {
        string lead = "devices";
        foreach (ReacherReport device in report.Devices)
        {
            fields.Line(lead, Line(device), lead.Length > 0 ? lesson : null);
            lead = "";
        }

        foreach (IGrouping<string, UnrestrictedReport> group in report.Unrestricted.GroupBy(device => device.Mode, StringComparer.Ordinal))
        {
            fields.Line(lead, $"{Some([.. group.Select(device => device.Device)])}: all memory ({group.Key})", lead.Length > 0 ? lesson : null);
            lead = "";
        }

        if (lead.Length > 0)
        {
            fields.Line(lead, report.Absence is string why ? $"not known: {why}" : $"none can reach it   ({Text(report.Counts)})", lesson);
        }

        fields.Line("", report.IsCut ? "... and more: only these are named" : null);
        fields.Line("", report.IsWhole ? null : "IOMMU tables are missing from the image, or too many: there may be more");
    }

    /// <summary>Of a process.</summary>
    public static void Write(TextWriter writer, ProcessReachReport report)
    {
        writer.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Printable.Name(report.Comm ?? "?")}[{report.Pid}]  devices reach {report.ReachedPages:N0} of {report.PresentPages:N0} pages through tables   "
                + $"({Text(report.Counts)})"));
        if (report.Rows.Count > 0)
        {
            writer.WriteLine();
            TextTable table = new("address", "length", "physical", "device", "driver", "PASID", "IOVA", "may") { RightAligned = new HashSet<int> { 1 } };
            foreach (ProcessReachRow row in report.Rows)
            {
                table.Add(
                    row.Virtual.ToString(), Size.Text(row.Bytes), row.Physical.ToString(), row.Device, row.Driver ?? "-",
                    row.Pasid?.ToString(CultureInfo.InvariantCulture) ?? "-",
                    row.Iova.ToString(), row.Rights);
            }

            table.Write(writer);
        }

        foreach (IGrouping<string, UnrestrictedReport> group in report.Unrestricted.GroupBy(device => device.Mode, StringComparer.Ordinal))
        {
            writer.WriteLine($"  and {Some([.. group.Select(device => device.Device)])}: all of it ({group.Key})");
        }

        if (report.IsCut)
        {
            writer.WriteLine("  ... and more: only these are named");
        }

        if (!report.IsWhole)
        {
            writer.WriteLine("  page tables are missing from the image, or too many: there may be more");
        }
    }

    private static string Line(ReacherReport device)
    {
        string pasid = device.Pasid is int number ? string.Create(CultureInfo.InvariantCulture, $" PASID {number}") : "";
        string domain = device.DomainType is string type ? string.Create(CultureInfo.InvariantCulture, $"   domain {device.Domain}, {type}")
            : string.Create(CultureInfo.InvariantCulture, $"   domain {device.Domain}");
        string owner = device.Owner is string name ? $", for {Printable.Name(name)}" : "";
        return $"{device.Device}{pasid} {device.Driver ?? "(no driver)"}  {device.Rights,-2}  at {device.Iova}   {Size.Text(device.PageSize)} page"
            + $"{domain}{owner}";
    }

    private static string Text(DeviceCounts counts)
    {
        List<string> parts =
            [string.Create(CultureInfo.InvariantCulture, $"{counts.Devices} devices: {counts.Translated} translated, {counts.Blocked} blocked")];
        if (counts.PassThrough > 0)
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{counts.PassThrough} passed through"));
        }

        if (counts.NoIommu > 0)
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{counts.NoIommu} without IOMMU"));
        }

        return string.Join(", ", parts);
    }

    private static string Some(IReadOnlyList<string> names)
    {
        const int Shown = 8;
        return names.Count <= Shown ? string.Join(' ', names)
            : string.Create(CultureInfo.InvariantCulture, $"{string.Join(' ', names.Take(Shown))} and {names.Count - Shown} more");
    }
}
