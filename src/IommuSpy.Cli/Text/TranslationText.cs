using IommuSpy.Analysis.Translate;
using IommuSpy.Memory;

namespace IommuSpy.Cli.Text;

/// <summary>A <see cref="TranslationReport"/> as text.</summary>
internal static class TranslationText
{
    public static void Write(TextWriter writer, TranslationReport report)
    {
        writer.WriteLine($"{report.Virtual}  {report.Kind}  ->  {report.Physical?.ToString() ?? "no physical address"}");
        writer.WriteLine();
        Fields fields = new(writer, teach: false);
        WriteWalk(fields, report);
        WriteRights(fields, report);
        fields.Line("physical", report.Physical is PhysicalAddress physical ? $"{physical}  pfn {physical.Frame}" : null);
        fields.Line("unstable", report.Unstable ? "the tables changed with every look: these are the last look's" : null);
        fields.Line("check",
            report.Check is PagemapCheck check
                ? $"{check.Witness} says {check.Says}: "
                    + $"{(check.Agrees switch { true => "the same", false => "CONTRADICTS the walk", null => "tells nothing" })}" : null);
    }

    /// <summary>The steps, a line each.</summary>
    public static void WriteWalk(Fields fields, TranslationReport report)
    {
        fields.Line("walk", $"root      {report.Root}", Lessons.Walk);
        foreach (StepReport step in report.Steps)
        {
            bool last = step == report.Steps[^1];
            string page = last && report.PageSize is ulong bytes ? $"     {Size.Text(bytes)} page" : "";
            string flags = step.Flags.Count > 0 ? string.Join(' ', step.Flags) : "not present";
            fields.Line("", $"{step.Table,-4}[{step.Index:x3}] {step.EntryAddress}   {step.Entry.Value:x16}   {flags}{page}",
                last ? Lessons.Flags(report.Steps.SelectMany(each => each.Flags)) : null);
        }
    }

    /// <summary>Rights, or why there are none.</summary>
    public static void WriteRights(Fields fields, TranslationReport report)
    {
        fields.Line("rights",
            report.Rights is null ? null
                : $"{report.Rights}   "
                    + $"({(report.RightsAgree ? "as the leaf says" : "less than the leaf says: a level above takes rights away")}{Isolation(report)})",
            Lessons.Rights);
        fields.Line("reason", report.Reason, report.NotPresent is null ? null : Lessons.NotPresent);
    }

    private static string Isolation(TranslationReport report) =>
        report.UserHalf is PhysicalAddress half ? $"; in user mode through {half}, page-table isolation" : "";
}
