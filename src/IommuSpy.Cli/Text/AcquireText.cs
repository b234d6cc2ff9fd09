using System.Globalization;
using IommuSpy.Analysis.Acquisition;
using IommuSpy.Memory;

namespace IommuSpy.Cli.Text;

/// <summary>An <see cref="AcquireReport"/> as text.</summary>
internal static class AcquireText
{
    public static void Write(TextWriter writer, AcquireReport report)
    {
        writer.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{report.Output}: {report.Format}, {report.Pages:n0} pages ({Size.Text(report.Pages << PageFrame.Shift)}) "
                + $"of {report.SourceFormat} in {Size.Text(report.Bytes)}, {report.Seconds:0.0} s"));
        Fields fields = new(writer, teach: false);
        fields.Line("sha256", report.Sha256);
        fields.Line("resumed", report.ResumedAfter == 0 ? null : $"after {Size.Text(report.ResumedAfter)} of memory that an interrupted run had acquired");
        fields.Line("unreadable",
            report.Unreadable == 0 ? null : string.Create(CultureInfo.InvariantCulture, $"{report.Unreadable:n0} pages, which are zeros in it"));
        fields.Line("with",
            report.Record is null ? "nothing but memory"
                : string.Create(CultureInfo.InvariantCulture, $"{report.Recorded} files of /proc and /sys, in {report.Record}"));
        fields.Line("kernel", report.KernelAbsence);
    }
}
