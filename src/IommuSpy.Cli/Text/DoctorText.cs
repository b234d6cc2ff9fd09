using IommuSpy.Analysis.Doctor;

namespace IommuSpy.Cli.Text;

/// <summary>A <see cref="DoctorReport"/> as text.</summary>
internal static class DoctorText
{
    public static void Write(TextWriter writer, DoctorReport report)
    {
        writer.WriteLine($"this machine, {report.Release}");
        writer.WriteLine();
        int width = report.Lines.Max(line => line.Name.Length);
        foreach (DoctorLine line in report.Lines)
        {
            string state = line.State switch { DoctorState.Works => "works", DoctorState.Limited => "in part", _ => "NO" };
            writer.WriteLine($"  {line.Name.PadRight(width)}  {state,-7}  {line.Detail}");
            if (line.Remedy is not null)
            {
                writer.WriteLine($"  {new string(' ', width)}          "
                    + $" {(line.State == DoctorState.Missing ? "then" : "or")}: {line.Remedy} (for {line.Serves})");
            }
        }
    }
}
