using IommuSpy.Analysis.Iommu;
using IommuSpy.Cli.Json;
using IommuSpy.Cli.Text;

namespace IommuSpy.Cli.Commands;

/// <summary>translate --device: I/O virtual addresses, one by one with each step.</summary>
internal static class DeviceTranslationRows
{
    /// <summary>Shows each address with its walk.</summary>
    public static int Show(DeviceView view, IEnumerable<string> addresses, bool json)
    {
        List<DeviceTranslationReport> reports = [.. addresses.Select(text => DeviceTranslationReport.Of(view, Addresses.IoVirtual(text)))];
        if (json && reports.Count == 1)
        {
            Output.Json(reports[0], ReportJson.Default.DeviceTranslationReport);
        }
        else if (json)
        {
            Output.Json(reports, ReportJson.Default.ListDeviceTranslationReport);
        }
        else
        {
            using StreamWriter writer = Output.Text();
            foreach (DeviceTranslationReport report in reports)
            {
                if (report != reports[0])
                {
                    writer.WriteLine();
                }

                DeviceTranslationText.Write(writer, report, view);
            }
        }

        return reports.TrueForAll(report => report.Physical is not null) ? ExitCode.Done : ExitCode.NoAnswer;
    }
}
