using IommuSpy.Analysis.Devices;
using IommuSpy.Analysis.Explain;
using IommuSpy.Analysis.Exposure;
using IommuSpy.Analysis.Who;
using IommuSpy.Analysis.Wording;
using IommuSpy.Memory;

namespace IommuSpy.Cli.Text;

/// <summary>An <see cref="Explanation"/> as text.</summary>
internal static class ExplanationText
{
    public static void Write(TextWriter writer, Explanation explanation, bool teach)
    {
        Fields fields = new(writer, teach);

        // User space and the non-canonical hole are what the kind says already.
        RegionOffset? inKernel = explanation.Kind.StartsWith("kernel", StringComparison.Ordinal) ? explanation.Region : null;
        string region = inKernel is { } named ? $": {named.Name}" : "";
        string process = explanation.Pid is int pid ? $" of {Printable.Name(explanation.Comm ?? "?")}[{pid}]" : "";
        writer.WriteLine($"0x{explanation.Address.Value:x16}  {explanation.Kind}{process}{region}");
        if (Lessons.Kind(explanation.Kind) is string lesson)
        {
            fields.Line("", teach ? "" : null, lesson);
        }

        writer.WriteLine();
        fields.Line("symbol", explanation.Symbol is string symbol ? $"{symbol}{(explanation.SymbolType is char type ? $"   ({type})" : "")}" : null,
            Lessons.Symbol);
        if (inKernel is { } range)
        {
            string moved = range.DocumentedStart is VirtualAddress documented && documented != range.Start ? $", documented at {documented}" : "";
            fields.Line("region", $"{range.Name} {range.Start} - {range.Last}, {range.Offset} into it{moved}", Lessons.Region(range));
        }

        fields.Line("memory", explanation.Vma is { } vma ? $"{VmasText.What(vma)}, byte 0x{explanation.Address.Value - vma.Start.Value:x} of it" : null);
        fields.Line("content", explanation.Content);
        if (explanation.Walk is { } walk)
        {
            TranslationText.WriteWalk(fields, walk);
            TranslationText.WriteRights(fields, walk);
        }

        fields.Line("arithmetic", explanation.Arithmetic, Lessons.Arithmetic);
        if (explanation.Physical is PhysicalAddress physical)
        {
            string memory = PageText.Memory(explanation.MemoryRange, explanation.Page, explanation.ContentAbsence);
            fields.Line("physical", $"{physical}  pfn {physical.Frame} {memory}", Lessons.Physical);
        }

        fields.Line("page", PageText.Summary(explanation.Page, explanation.PageAbsence));
        PageText.WriteGuests(fields, explanation.Page, explanation.Physical?.Value % PageFrame.Size ?? 0);
        PageText.WriteLost(fields, explanation.Page);
        fields.Line("in host", explanation.InHost is { } place ? HostPageText.Summary(place) : null);
        string lead = "also at";
        foreach (AliasReport alias in explanation.AlsoAt)
        {
            fields.Line(lead, $"{alias.Virtual}  {alias.Rights}  {alias.What}", lead.Length > 0 ? Lessons.AlsoAt : null);
            lead = "";
        }

        if (explanation.Walk is null && explanation.Physical is null)
        {
            WriteSpaces(fields, explanation);
        }
        else
        {
            WriteMappers(fields, explanation);
        }

        if (explanation.Reach is { } reach)
        {
            ReachText.WriteDevices(fields, reach, Lessons.Devices);
        }
    }

    /// <summary>Of a device's address.</summary>
    public static void Write(TextWriter writer, IovaExplanation explanation, bool teach)
    {
        DeviceReport device = explanation.Details;
        string[] words = [.. new[] { DevicesText.What(device), device.Driver }.Where(word => !string.IsNullOrEmpty(word)).OfType<string>()];
        string pasid = explanation.Pasid is int number ? $", PASID {number}" : "";
        writer.WriteLine($"{explanation.Iova}  I/O virtual address of {device.Device}{(words.Length > 0 ? $" ({string.Join(", ", words)})" : "")}{pasid}");
        writer.WriteLine();
        Fields fields = new(writer, teach);
        string domain = device.Domain is int id ? $"; domain {id}" : "";
        string type = device.DomainType is string kernel ? $", {kernel} by the kernel" : "";
        string policy = device.Strict is bool strict ? strict ? ", strict invalidation" : ", lazy invalidation" : "";
        string tables = device.TableFormat is string format ? $", {format} tables of {device.Levels} levels" : "";
        fields.Line(
            "unit",
            device.Unit is string unit ? $"{unit}, {device.Mode}{tables}{domain}{type}{policy}" : "none: nothing is between it and memory",
            Lessons.Unit);
        fields.Line("entry", explanation.EntryAddress?.ToString(), Lessons.DeviceEntry);
        string lead = "walk";
        foreach (IovaStepReport step in explanation.Steps)
        {
            string page = step == explanation.Steps[^1] && explanation.PageSize is ulong bytes ? $"     {Size.Text(bytes)} page" : "";
            fields.Line(lead, $"level {step.Level}[{step.Index:x3}] {step.EntryAddress}   {step.Entry.Value:x16}   {step.Rights ?? "not present"}{page}",
                lead.Length > 0 ? Lessons.DeviceWalk : null);
            lead = "";
        }

        fields.Line("rights", explanation.Rights is string rights ? $"device {rights}" : null, Lessons.DeviceRights);
        fields.Line("reason", explanation.Reason);
        if (explanation.Physical is PhysicalAddress physical)
        {
            string memory = PageText.Memory(explanation.MemoryRange, null, explanation.ContentAbsence);
            fields.Line("physical", $"{physical}  pfn {physical.Frame} {memory}", Lessons.DevicePhysical);
        }

        fields.Line("given by", explanation.Given is { } given ? DevicesText.Giver(given) : null);
        fields.Line("page", explanation.Page is string what ? Printable.Of(what) : null);
        lead = "mapped by";
        foreach (UserMapping user in explanation.MappedBy)
        {
            fields.Line(lead, $"{Printable.Name(user.Process)}  {user.Virtual}  user {(user.Writable ? "rw" : "r")}");
            lead = "";
        }

        fields.Line("exposure",
            explanation.Exposure is string exposed ? $"the device can get at {exposed} (iommu-spy exposure --device {device.Device})" : null,
            Lessons.Exposure);
        if (explanation.Reach is { } reach)
        {
            ReachText.WriteDevices(fields, reach, Lessons.Devices);
        }
    }

    /// <summary>Of a user address of no process in particular: what it is in each.</summary>
    private static void WriteSpaces(Fields fields, Explanation explanation)
    {
        string lead = "in spaces";
        foreach (SpaceReport space in explanation.Spaces)
        {
            string what = space is { Physical: PhysicalAddress page, PageSize: ulong bytes }
                ? $"{page}  {space.Rights}  {Size.Text(bytes)} page"
                : space.Reason!;
            fields.Line(lead, $"{ProcessNames.Of(space.Pid, space.Comm, space.Root)}  {what}", lead.Length > 0 ? Lessons.Spaces : null);
            lead = "";
        }

        fields.Line(lead, explanation.SpacesAsked is int asked
            ? $"{explanation.Spaces.Count} of {asked} processes have something there; ask one with --pid"
            : "the kernel's list of processes could not be read: name a root with --root (see iommu-spy roots)");
    }

    private static void WriteMappers(Fields fields, Explanation explanation)
    {
        string lead = "mapped by";
        foreach (MapperReport mapper in explanation.MappedBy)
        {
            fields.Line(lead, mapper.Line(), lead.Length > 0 ? Lessons.MappedBy : null);
            lead = "";
        }

        if (explanation.MappedBy.Count == 0 && explanation is { Physical: not null, SpacesAsked: int asked })
        {
            fields.Line(lead, $"no {(explanation.Kind.StartsWith("user", StringComparison.Ordinal) ? "other " : "")}user address of {asked} processes");
        }
    }
}
