using System.Globalization;
using IommuSpy.Analysis.Devices;
using IommuSpy.Analysis.Exposure;
using IommuSpy.Analysis.Frames;
using IommuSpy.Analysis.Info;
using IommuSpy.Analysis.Processes;
using IommuSpy.Analysis.Wording;
using IommuSpy.Linux;
using IommuSpy.Memory;

namespace IommuSpy.Explorer.Report;

/// <summary>A <see cref="MachineReport"/> as Markdown, for a ticket.</summary>
internal sealed class MarkdownReport
{
    private const int MostProcesses = 50;
    private const int MostParts = 5;
    private const int MostEvidence = 8;

    private readonly TextWriter _writer;
    private readonly MachineReport _report;

    private MarkdownReport(TextWriter writer, MachineReport report) => (_writer, _report) = (writer, report);

    /// <summary>Writes it.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="report">The report.</param>
    /// <param name="version">The program's version.</param>
    public static void Write(TextWriter writer, MachineReport report, string version) => new MarkdownReport(writer, report).Page(version);

    private InfoReport Info => _report.Info;

    private void Page(string version)
    {
        Line($"# {_report.Name}, Linux {Info.Release}");
        Line($"");
        Line($"{Info.Source:c}: {Info.Format}. Written by iommu-spy {version}.");
        if (_report.IsRedacted)
        {
            Line($"Names of files and of the host, command lines and contents are left out.");
        }

        Machine();
        Memory();
        Processes();
        Devices();
        Exposure();
        Lacks();
        Heading("How it was found", "fact", "value", "found by");
        foreach (InfoFact fact in Info.Facts)
        {
            Line($"| {fact.Name} | {fact.Value ?? "not found":c} | {string.Join(", ", fact.Sources)} |");
        }

        List("Witnesses that disagree", Info.Disagreements, "All witnesses agree.");
    }

    private void Machine()
    {
        Line($"");
        if (Info.HasPanicked == true)
        {
            Line($"- **PANIC**: {Info.Panic ?? "the log no longer has its message":c}");
        }

        Line($"- memory: {Size.Text(Info.MemoryBytes)} in {Amount.Of((ulong)Info.Ranges.Count, "range")}; {Info.MemoryLayout}");
        if (Info is { UptimeSeconds: double up, Taken: DateTimeOffset taken })
        {
            Line($"- taken: {taken.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)} UTC, up"
                + $" {TimeSpan.FromSeconds(Math.Floor(up)).ToString("c", CultureInfo.InvariantCulture)}");
        }

        if (Info.CommandLine is string line)
        {
            Line($"- command line: {line:c}");
        }

        Line($"- banner: {Info.Banner:c}");
        Line($"- symbols: {(Info.SymbolCount == 0 ? "none" : Info.SymbolCount.ToString("N0", CultureInfo.InvariantCulture))} ({Info.Symbols})");
    }

    private void Memory()
    {
        if (Absent("Memory by use", _report.Memory))
        {
            return;
        }

        Heading("Memory by use", "used for", "size:", "share:", "the largest of it");
        ulong all = _report.Uses.Aggregate(0UL, (sum, kind) => sum + kind.Bytes);
        foreach (KindOfMemory kind in _report.Uses)
        {
            string parts = string.Join(", ", kind.Parts.Where(part => part.Name is not null).Take(MostParts)
                .Select(part => $"{part.Name} {Size.Text(part.Bytes)}"));
            string share = string.Create(CultureInfo.InvariantCulture, $"{100.0 * kind.Bytes / all:0.0} %");
            Line($"| {kind.Kind.Words()} | {Size.Text(kind.Bytes)} | {share} | {parts:c} |");
        }
    }

    private void Processes()
    {
        if (Absent("Processes by memory", _report.Processes))
        {
            return;
        }

        IReadOnlyList<ProcessReport> rows = _report.Processes.Value!;
        Heading("Processes by memory", _report.IsRedacted ? ["pid:", "resident:", "name"] : ["pid:", "resident:", "name", "command line"]);
        foreach (ProcessReport row in rows.Take(MostProcesses))
        {
            string pid = row.Pid.ToString(CultureInfo.InvariantCulture);
            string resident = row.ResidentPages is ulong pages ? Size.Text(pages * PageFrame.Size) : "?";
            string name = Printable.Name(row.Comm ?? "?");
            if (_report.IsRedacted)
            {
                Line($"| {pid} | {resident} | {name:c} |");
            }
            else
            {
                Line($"| {pid} | {resident} | {name:c} | {Printable.Name(string.Join(' ', row.Arguments ?? [])):c} |");
            }
        }

        Line($"");
        Line($"{rows.Count} processes with memory of their own{(rows.Count > MostProcesses ? $", of which the largest {MostProcesses} are here" : "")},"
            + $" {_report.KernelThreads} kernel threads.");
    }

    private void Devices()
    {
        if (Absent("Devices and what they reach", _report.Devices))
        {
            return;
        }

        Heading("Devices and what they reach", "device", "what", "driver", "unit", "group:", "domain:", "mode", "policy", "reaches:");
        foreach (DeviceReport row in _report.Devices.Value!)
        {
            string what = string.Join(' ', new[] { row.VendorName, row.DeviceName }.OfType<string>());
            string policy = row.Strict switch { true => "strict", false => "lazy", null => row.DomainType ?? "-" };
            Line($"| {row.Device:c} | {(what.Length > 0 ? what : row.ClassName)} | {Printable.Name(row.Driver ?? "-"):c} | {row.Unit ?? "-"} |"
                + $" {Number(row.Group)} | {Number(row.Domain)} | {row.Mode} | {policy} |"
                + $" {(row.MappedBytes is ulong bytes ? Size.Text(bytes) : "all memory")} |");
        }
    }

    private void Exposure()
    {
        if (Absent("Exposure", _report.Exposure))
        {
            return;
        }

        ExposureReport exposure = _report.Exposure.Value!;
        Title("Exposure");
        Line($"{(exposure.Findings.Count == 0 ? "Nothing found" : Amount.Of((ulong)exposure.Findings.Count, "finding"))} in"
            + $" {Amount.Of((ulong)exposure.Counts.Devices, "device")}.");
        foreach (var group in exposure.Findings.GroupBy(finding => (finding.Rule, finding.Severity)))
        {
            ExposureFinding first = group.First();
            Line($"");
            Line($"### {first.Severity.ToString().ToLowerInvariant()}: {first.Title} ({first.Rule:c})");
            Line($"");
            foreach (ExposureFinding finding in group)
            {
                Line($"- {finding.Message}");
                foreach (ExposureEvidence piece in finding.Evidence.Take(MostEvidence))
                {
                    string[] words =
                    [
                        .. new[]
                        {
                            piece.Physical?.ToString() ?? piece.Virtual?.ToString(), piece.Bytes is ulong bytes ? Size.Text(bytes) : null,
                            piece.Iova is { } iova ? $"{piece.Rights} at {iova}" : piece.Rights, piece.What,
                        }.OfType<string>(),
                    ];
                    Line($"  - {string.Join("  ", words):c}");
                }

                int rest = finding.EvidenceCount - Math.Min(MostEvidence, finding.Evidence.Count);
                if (rest > 0)
                {
                    Line($"  - and {rest} more: iommu-spy exposure --all");
                }
            }

            Line($"");
            Line($"**What to do:** {first.Action} More: {first.Help:c}");
        }
    }

    private void Lacks()
    {
        List("Damage of the image, and what it lacks", _report.Damage, "The image is whole: no damage was found, and nothing of memory is missing.");
        List("What the answers above lack", _report.Problems, "Nothing: every answer is complete.");
    }

    private bool Absent<T>(string title, Part<T> part)
        where T : class
    {
        if (part.Absence is not string why)
        {
            return false;
        }

        Title(title);
        Line($"No answer: {why}.");
        return true;
    }

    private void List(string title, IReadOnlyList<string> lines, string none)
    {
        Title(title);
        if (lines.Count == 0)
        {
            Line($"{none}");
        }

        foreach (string line in lines)
        {
            Line($"- {line}");
        }
    }

    private void Title(string title)
    {
        Line($"");
        Line($"## {title}");
        Line($"");
    }

    // A heading that ends with a colon is that of a column of numbers.
    private void Heading(string title, params string[] columns)
    {
        Title(title);
        _writer.Write($"| {string.Join(" | ", columns.Select(column => column.TrimEnd(':')))} |\n");
        _writer.Write($"| {string.Join(" | ", columns.Select(column => column.EndsWith(':') ? "---:" : "---"))} |\n");
    }

    private void Line(MarkdownText text) => _writer.Write(text.ToString() + "\n");

    private static string Number(long? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "-";
}
