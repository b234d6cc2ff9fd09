using IommuSpy.Analysis.Translate;
using IommuSpy.Analysis.VirtualMachines;
using IommuSpy.Analysis.Wording;
using IommuSpy.Memory;

namespace IommuSpy.Cli.Text;

/// <summary>A <see cref="HostPageReport"/> as text.</summary>
internal static class HostPageText
{
    public static void Write(TextWriter writer, HostPageReport report)
    {
        string where = report.Physical?.ToString() ?? "not in the host's memory";
        writer.WriteLine($"{report.Gpa}  guest-physical address of {Printable.Name(report.Machine)}  ->  {where}");
        writer.WriteLine();
        Fields fields = new(writer, teach: false);
        fields.Line("slot", report.Slot is int slot
            ? $"{slot}{string.Concat(report.SlotFlags.Select(flag => $", {flag}"))}: {report.Virtual} of the machine's process" : null);
        Walk(fields, "process", report.ProcessSteps, null);
        fields.Line("nested", report.NestedRoot is PhysicalAddress root ? $"root      {root}" : "the machine has no nested tables now");
        Walk(fields, "", report.NestedSteps, report.NestedPageSize);
        fields.Line("rights", report.NestedRights is string rights ? $"guest {rights}"
            : report.NestedRoot is null ? null : "not mapped");
        fields.Line("physical", report.Physical is PhysicalAddress physical ? $"{physical}  pfn {physical.Frame}" : null);
        fields.Line("reason", report.Reason is string why ? $"it is {why}" : null);
        fields.Line("CONTRADICT", report.Agrees == false ? $"the nested tables lead to {report.NestedPhysical}" : null);
    }

    /// <summary>In one line.</summary>
    public static string Summary(HostPageReport report)
    {
        string slot = report.Slot is int number ? $", slot {number}, {report.Virtual} of {Printable.Name(report.Machine)}" : "";
        string nested = report.Agrees == false ? $"; the nested tables CONTRADICT: {report.NestedPhysical}"
            : report.NestedRights is string rights ? $"; nested {rights}" : "; not in its nested tables";
        return report.Physical is PhysicalAddress physical ? $"{physical}  pfn {physical.Frame}{slot}{nested}" : $"{report.Reason}{slot}{nested}";
    }

    private static void Walk(Fields fields, string lead, IReadOnlyList<StepReport> steps, ulong? pageSize)
    {
        foreach (StepReport step in steps)
        {
            string page = step == steps[^1] && pageSize is ulong bytes ? $"     {Size.Text(bytes)} page" : "";
            string flags = step.Flags.Count > 0 ? string.Join(' ', step.Flags) : "not present";
            fields.Line(lead, $"{step.Table,-4}[{step.Index:x3}] {step.EntryAddress}   {step.Entry.Value:x16}   {flags}{page}");
            lead = "";
        }
    }
}
