using System.Globalization;
using IommuSpy.Analysis.Exposure;
using IommuSpy.Analysis.Wording;
using IommuSpy.Memory;

namespace IommuSpy.Cli.Text;

/// <summary>Findings as text.</summary>
internal static class ExposureText
{
    private const int Shown = 6;

    public static void Write(TextWriter writer, ExposureReport report, bool all)
    {
        string counts = string.Join(", ", report.Findings.GroupBy(finding => finding.Severity).OrderByDescending(group => group.Key)
            .Select(group => string.Create(CultureInfo.InvariantCulture, $"{group.Count()} {Word(group.Key)}")));
        writer.WriteLine(report.Findings.Count == 0
            ? $"nothing found in {Amount.Of((ulong)report.Counts.Devices, "device")}"
            : $"{Amount.Of((ulong)report.Findings.Count, "finding")} in {Amount.Of((ulong)report.Counts.Devices, "device")}: {counts}");
        foreach (IGrouping<(string Rule, ExposureSeverity Severity), ExposureFinding> group in report.Findings.GroupBy(finding =>
            (finding.Rule, finding.Severity)))
        {
            ExposureFinding first = group.First();
            writer.WriteLine();
            writer.WriteLine($"  {Painted(first.Severity, $"{Word(first.Severity).ToUpperInvariant(),-8}")}  {Display.Heading(first.Title)}   [{first.Rule}]");
            foreach (ExposureFinding finding in group)
            {
                writer.WriteLine($"            {Printable.Of(finding.Message)}");
                WriteEvidence(writer, finding, all);
            }

            writer.WriteLine($"            do: {first.Action}");
            writer.WriteLine($"            see {first.Help}");
        }
    }

    private static void WriteEvidence(TextWriter writer, ExposureFinding finding, bool all)
    {
        int shown = all ? finding.Evidence.Count : Math.Min(Shown, finding.Evidence.Count);
        foreach (ExposureEvidence piece in finding.Evidence.Take(shown))
        {
            string physical = piece.Physical is PhysicalAddress at ? $"{at}" : piece.Virtual is VirtualAddress address ? $"{address}" : "";
            string length = piece.Bytes is ulong bytes ? $" {Size.Text(bytes),9}" : "";
            string iova = piece.Iova is IoVirtualAddress io ? $"  {piece.Rights,-2} at {io}" : piece.Rights is string rights ? $"  {rights,-2}" : "";
            writer.WriteLine($"              {physical}{length}{iova}  {Printable.Of(piece.What)}".TrimEnd());
        }

        if (finding.EvidenceCount > shown)
        {
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"              ... and {finding.EvidenceCount - shown:N0} more{(all ? "" : " (--all)")}"));
        }
    }

    private static string Painted(ExposureSeverity severity, string text) => severity switch
    {
        ExposureSeverity.Critical or ExposureSeverity.High => Display.Bad(text),
        ExposureSeverity.Medium => Display.Warning(text),
        _ => text,
    };

    private static string Word(ExposureSeverity severity) => severity.ToString().ToLowerInvariant();
}
