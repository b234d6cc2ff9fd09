using IommuSpy.Analysis.Who;
using IommuSpy.Memory;

namespace IommuSpy.Cli.Text;

/// <summary>A <see cref="WhoReport"/> as text.</summary>
internal static class WhoText
{
    public static void Write(TextWriter writer, WhoReport report)
    {
        Fields fields = new(writer, teach: false);
        string memory = PageText.Memory(report.MemoryRange, report.Page, report.ContentAbsence);
        writer.WriteLine($"{(report.Name is string name ? $"{name}  " : "")}{report.Physical}  pfn {report.Pfn} {memory}");
        writer.WriteLine();
        fields.Line("page", PageText.Summary(report.Page, report.PageAbsence));
        PageText.WriteGuests(fields, report.Page, report.Physical.Value % PageFrame.Size);
        PageText.WriteLost(fields, report.Page);
        string lead = "mapped by";
        foreach (MapperReport mapper in report.Processes)
        {
            fields.Line(lead, mapper.Line());
            lead = "";
        }

        foreach (AliasReport alias in report.Kernel)
        {
            fields.Line(lead, $"kernel  {alias.Virtual}  {alias.Rights}  {alias.What}");
            lead = "";
        }

        if (report.Processes.Count + report.Kernel.Count == 0)
        {
            fields.Line(lead, "nobody");
        }

        if (report.PageTable is { } table)
        {
            fields.Line("holds", $"a {table.Table} of {(table.Root is PhysicalAddress root ? $"root {root}" : "the kernel's half")}, from {table.Virtual}");
        }

        fields.Line("", report.IsCut ? "... and more: only these are named" : null);
        fields.Line("", report.IsWhole ? null : "page tables are missing from the image, or too many: there may be more");
        ReachText.WriteDevices(fields, report.Reach);
    }
}
