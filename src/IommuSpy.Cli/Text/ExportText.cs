using System.Globalization;
using IommuSpy.Analysis.Wording;
using IommuSpy.Export;
using IommuSpy.Memory;

namespace IommuSpy.Cli.Text;

/// <summary>An <see cref="ExportReport"/> as text.</summary>
internal static class ExportText
{
    public static void Write(TextWriter writer, ExportReport report)
    {
        TextTable table = new("table", "rows", "size", "") { RightAligned = new HashSet<int> { 1, 2 } };
        foreach (TableRecord record in report.Tables)
        {
            table.Add(
                record.Table,
                record.File is null ? "-" : record.Rows.ToString("n0", CultureInfo.InvariantCulture),
                record.File is null ? "-" : Size.Text((ulong)record.Bytes),
                Remark(report, record));
        }

        table.Write(writer);
        writer.WriteLine();
        TableRecord[] written = [.. report.Tables.Where(record => record.File is not null)];
        writer.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{Amount.Of((ulong)written.Length, "table")}, {written.Sum(record => record.Rows):n0} rows in "
                + $"{Size.Text((ulong)written.Sum(record => record.Bytes))} in {Printable.Name(report.Folder)}, {report.Seconds:0.00} s"));
    }

    private static string Remark(ExportReport report, TableRecord record) => record switch
    {
        { Absence: string absence } => $"no answer: {absence}",
        { Failure: string failure } => $"failed: {failure}",
        { Problems: [string problem] } => problem,
        { Problems: [string first, ..] } => $"{first} (and {record.Problems.Count - 1} more: capture.json)",
        _ => report.Kept.Contains(record.Table, StringComparer.Ordinal) ? "was there" : "",
    };
}
