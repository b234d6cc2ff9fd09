using System.Globalization;
using IommuSpy.Analysis.Conversion;
using IommuSpy.Memory;

namespace IommuSpy.Cli.Text;

/// <summary>A <see cref="ConvertReport"/> as text.</summary>
internal static class ConvertText
{
    public static void Write(TextWriter writer, ConvertReport report)
    {
        string compression = report.Compression is null ? "" : $" ({report.Compression})";
        writer.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{report.Output}: {report.Format}{compression}, {Pages(report.Written)} of {Pages(report.Pages)} in {Size.Text(report.Bytes)}, "
                + $"{report.Seconds:0.00} s"));
        Fields fields = new(writer, teach: false);
        fields.Line("left out", report.Excluded == 0 ? null : Pages(report.Excluded));
        fields.Line("missing", report.Missing == 0 ? null : $"{Pages(report.Missing)} that {report.Source} does not have");
        fields.Line("unmarked", report.Unmarked);
        foreach (string context in report.Context)
        {
            fields.Line("with", context);
        }
    }

    private static string Pages(ulong count) => string.Create(CultureInfo.InvariantCulture, $"{count:n0} pages");
}
