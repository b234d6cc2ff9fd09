using System.Globalization;
using IommuSpy.Analysis.Info;
using IommuSpy.Analysis.Wording;
using IommuSpy.Memory;

namespace IommuSpy.Cli.Text;

/// <summary>An <see cref="InfoReport"/> as text.</summary>
internal static class InfoText
{
    public static void Write(TextWriter writer, InfoReport report)
    {
        writer.WriteLine($"{report.Source}: {report.Format}, {Size.Text(report.MemoryBytes)} of memory, {report.Banner}");
        writer.WriteLine();

        TextTable facts = new("", "", "found by");
        foreach (InfoFact fact in report.Facts)
        {
            facts.Add(fact.Name, fact.Value ?? "not found", fact.Sources.Count > 0 ? string.Join(", ", fact.Sources) : "-");
        }

        facts.Write(writer);
        writer.WriteLine();

        Fields fields = new(writer, teach: false);
        fields.Line("PANIC", report.HasPanicked == true ? report.Panic is string panic ? Printable.Name(panic) : "the log no longer has its message" : null);
        fields.Line("host", report.Hostname is string host ? Printable.Name(host) : null);
        fields.Line("booted", report is { Booted: { } booted, Taken: { } taken, UptimeSeconds: { } uptime }
            ? $"{Moment(booted)} UTC, up {TimeSpan.FromSeconds(Math.Floor(uptime)):c}; taken {Moment(taken)} UTC"
            : null);
        fields.Line("command", report.CommandLine is string line ? Printable.Name(line) : null);
        fields.Line("tainted", report.Taint is { Length: > 0 } taint ? string.Join(' ', taint.ToCharArray()) : null);
        fields.Line("image", $"{report.ImageStart}, {Size.Text(report.ImageBytes)} at physical {report.ImagePhysical}");
        fields.Line("symbols",
            report.SymbolCount == 0 ? $"none: {report.Symbols}" : string.Create(CultureInfo.InvariantCulture, $"{report.SymbolCount:n0} ({report.Symbols})"));
        fields.Line("VMCOREINFO", report.HasVmCoreInfo ? "found" : "none found");
        fields.Line("processes",
            report.ProcessTables is int processes
                ? $"{processes} page tables on {string.Join(", ", report.Provenance[InfoReport.ProcessTablesFact])}"
                : "neither the kernel's list of page tables nor its tasks could be read");
        for (int i = 0; i < report.Cpus.Count; i++)
        {
            CpuReport cpu = report.Cpus[i];
            string where = cpu.InstructionPointer is { } at ? $"at {at}" : "where it was is not known";
            fields.Line(i == 0 ? "CPUs" : "", $"{i}: {(cpu.Cr3 is { } cr3 ? $"CR3 {cr3}, " : "")}{where} {cpu.Symbol}".TrimEnd()
                + (cpu.Guest is string guest ? $": it was in a virtual machine, and these are the registers of {Printable.Name(guest)}" : ""));
        }

        for (int i = 0; i < report.Ranges.Count; i++)
        {
            RangeReport range = report.Ranges[i];
            fields.Line(i == 0 ? "memory" : "", $"{range.Start} - {range.Last}  {Size.Text(range.End.Value - range.Start.Value)}");
        }

        fields.Line("excluded",
            report.ExcludedBytes == 0 ? null
                : $"{Size.Text(report.ExcludedBytes)} of it was left out when the image was made{Kinds(report.DumpLevel)}, and cannot be read");
        fields.Line("lost", report.LostBytes == 0 ? null : $"{Size.Text(report.LostBytes)} of it should be in the image and is not");
        fields.Line("missing", report.MissingBytes == 0 ? null : $"{Size.Text(report.MissingBytes)} that the kernel maps as memory is not in the image");
        fields.Line("read as", report.MemoryLayout);
        foreach (string disagreement in report.Disagreements)
        {
            fields.Line("DISAGREE", disagreement);
        }
    }

    private static string Moment(DateTimeOffset moment) => moment.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    // makedumpfile -d: a sum of the kinds.
    private static string Kinds(int? dumpLevel)
    {
        if (dumpLevel is not int level)
        {
            return "";
        }

        string[] kinds =
            [.. new (int Bit, string Name)[] { (1, "zero"), (2, "cache"), (4, "private cache"), (8, "user"), (16, "free") }.Where(kind =>
                (level & kind.Bit) != 0).Select(kind => kind.Name)];
        return kinds.Length == 0 ? "" : $" (dump level {level}: {string.Join(", ", kinds)} pages)";
    }
}
