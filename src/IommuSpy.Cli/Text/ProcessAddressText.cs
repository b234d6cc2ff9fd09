using IommuSpy.Analysis;
using IommuSpy.Analysis.Running;

namespace IommuSpy.Cli.Text;

/// <summary><see cref="ProcessAddressReport"/>s as text, a line each.</summary>
internal static class ProcessAddressText
{
    public static void Write(TextWriter writer, IReadOnlyList<ProcessAddressReport> reports)
    {
        foreach (ProcessAddressReport report in reports)
        {
            List<string> marks = [];
            if (report.Physical is { } physical)
            {
                marks.Add($"pfn {physical.Frame}");
            }

            if (report.Rights is not null)
            {
                marks.Add($"{report.Rights} {(report.Path is null ? report.FileOrShared ? "shared" : "anonymous" : Printable.Name(report.Path))}");
            }

            marks.AddRange(report.Exclusive == true ? ["exclusive"] : []);
            marks.AddRange(report.SoftDirty ? ["soft-dirty"] : []);
            writer.WriteLine($"{report.Virtual}  {report.Physical?.ToString() ?? report.Reason}  {string.Join(", ", marks)}".TrimEnd());
        }
    }
}
