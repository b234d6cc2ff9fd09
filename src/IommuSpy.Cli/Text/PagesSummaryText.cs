using System.Globalization;
using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Frames;
using IommuSpy.Analysis.Pages;
using IommuSpy.Analysis.Wording;
using IommuSpy.Memory;

namespace IommuSpy.Cli.Text;

/// <summary>A <see cref="PagesSummary"/> as text.</summary>
internal static class PagesSummaryText
{
    private const int MostOwners = 40;

    public static void Write(TextWriter writer, PagesSummary report)
    {
        WriteFlags(writer, report.Flags, report.Pages);
        writer.WriteLine();

        TextTable kinds = new("use", "pages", "memory") { RightAligned = new HashSet<int> { 1, 2 } };
        foreach (KindCount line in report.Kinds)
        {
            kinds.Add(line.Kind.Words(), Number(line.Pages), Size.Text(line.Pages << PageFrame.Shift));
        }

        kinds.Write(writer);
        writer.WriteLine();

        TextTable owners = new("pages", "memory", "owner") { RightAligned = new HashSet<int> { 0, 1 } };
        foreach (OwnerCount line in report.Owners.Take(MostOwners))
        {
            owners.Add(Number(line.Pages), Size.Text(line.Pages << PageFrame.Shift), $"{line.Kind.Words()}: {Printable.Name(line.Owner)}");
        }

        owners.Write(writer);
        if (report.Owners.Count > MostOwners)
        {
            writer.WriteLine($"  ... and {report.Owners.Count - MostOwners} more: -J has all");
        }

        if (report.Unreadable > 0)
        {
            writer.WriteLine();
            writer.WriteLine($"  {report.Unreadable} struct pages are not in the image: their pages are not counted");
        }
    }

    /// <summary>Writes how many pages have which flags.</summary>
    public static void WriteFlags(TextWriter writer, IReadOnlyList<FlagsCount> lines, ulong pages)
    {
        TextTable flags = new("flags", "pages", "memory", "", "names") { RightAligned = new HashSet<int> { 0, 1, 2 } };
        foreach (FlagsCount line in lines)
        {
            flags.Add(line.Flags.ToString(), Number(line.Pages), Size.Text(line.Pages << PageFrame.Shift), line.Letters, string.Join(',', line.Names));
        }

        flags.Add("all", Number(pages), Size.Text(pages << PageFrame.Shift), "", "");
        flags.Write(writer);
    }

    private static string Number(ulong number) => number.ToString(CultureInfo.InvariantCulture);
}
