using System.Globalization;
using IommuSpy.Catalogue.Comparison;

namespace IommuSpy.Cli.Text;

/// <summary>A <see cref="CaptureComparison"/> in short.</summary>
internal static class CompareText
{
    public static void Write(TextWriter writer, CaptureComparison comparison)
    {
        writer.WriteLine($"{comparison.Before} and {comparison.After}: {(comparison.Before == comparison.After ? "one capture"
            : comparison.IsSameBoot ? "one boot, so that things are known again by where they are"
            : comparison.Before.Build == comparison.After.Build ? "two boots of one kernel, so that things are known again by their names"
            : "two kernels, so that things are known again by their names")}");
        writer.WriteLine();
        TextTable table = new("table", "before", "after", "began", "ended", "grew", "shrank", "changed", "the first of them")
        {
            RightAligned = new HashSet<int> { 1, 2, 3, 4, 5, 6, 7 },
        };
        foreach (ComparedTable compared in comparison.Tables)
        {
            string Count(Change change) => compared.Differences.Count(difference => difference.Change == change) is int count and > 0 ? Number(count) : "-";
            table.Add(compared.Absence is null
                ? [compared.Table, Number(compared.Before), Number(compared.After), .. Enum.GetValues<Change>().Select(Count), First(compared)]
                : [compared.Table, "?", "?", "", "", "", "", "", $"not compared: {compared.Absence}"]);
        }

        table.Write(writer);
        if (comparison.Tables.MaxBy(compared => compared.Differences.Count) is { Differences.Count: > 0 } most)
        {
            writer.WriteLine();
            foreach (ComparedTable compared in comparison.Tables.Where(compared => compared.Differences.Count > 0 && compared.Idle is not null))
            {
                writer.WriteLine($"  {compared.Table} may differ though nobody did anything: {compared.Idle}");
            }

            writer.WriteLine($"  (which: --table {most.Table})");
        }
    }

    // Names for a look; all of them are rows.
    private static string First(ComparedTable compared)
    {
        const int Most = 2;
        IEnumerable<string> first = compared.Differences.Take(Most).Select(difference => difference.Change switch
        {
            Change.Began => $"+ {difference.What}",
            Change.Ended => $"- {difference.What}",
            _ => $"{difference.What} {Moved(difference)}".TrimEnd(),
        });
        return string.Join("; ", compared.Differences.Count > Most ? first.Append("...") : first);
    }

    private static string Moved(Difference difference) => difference.By is long by
        ? string.Create(CultureInfo.InvariantCulture, $"{by:+#,0;-#,0;0} {difference.Column}") : difference.Column ?? "";

    private static string Number(int number) => number.ToString("n0", CultureInfo.InvariantCulture);
}
