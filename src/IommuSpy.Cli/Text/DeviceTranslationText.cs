using IommuSpy.Analysis.Iommu;
using IommuSpy.Analysis.Translate;
using IommuSpy.Memory;

namespace IommuSpy.Cli.Text;

/// <summary>A <see cref="DeviceTranslationReport"/> as text.</summary>
internal static class DeviceTranslationText
{
    public static void Write(TextWriter writer, DeviceTranslationReport report, DeviceView view)
    {
        writer.WriteLine($"{report.Iova}  I/O virtual address of {view.Description}  ->  {report.Physical?.ToString() ?? "no physical address"}");
        writer.WriteLine();
        Fields fields = new(writer, teach: false);
        WriteWalk(fields, report);
    }

    /// <summary>What the request goes through, the steps, and where it ends.</summary>
    public static void WriteWalk(Fields fields, DeviceTranslationReport report)
    {
        fields.Line("unit", report.Path);
        fields.Line("walk", report.Root is PhysicalAddress root ? $"root      {root}" : null);
        foreach (StepReport step in report.Steps)
        {
            bool last = step == report.Steps[^1];
            string page = last && report.PageSize is ulong bytes ? $"     {Size.Text(bytes)} page" : "";
            string flags = step.Flags.Count > 0 ? string.Join(' ', step.Flags) : "not present";
            fields.Line("", $"{step.Table,-4}[{step.Index:x3}] {step.EntryAddress}   {step.Entry.Value:x16}   {flags}{page}");
        }

        fields.Line("rights", report.Rights is null ? null : $"device {report.Rights}");
        fields.Line("reason", report.Reason);
        fields.Line("physical", report.Physical is PhysicalAddress physical ? $"{physical}  pfn {physical.Frame}" : null);
    }
}
