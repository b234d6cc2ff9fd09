using IommuSpy.Analysis.Iommu;
using IommuSpy.Cli.Json;
using IommuSpy.Cli.Text;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Cli.Commands;

/// <summary>translate --device: I/O virtual addresses, one by one with each step, or thousands, a row each.</summary>
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

    /// <summary>Writes a row an address, in their order.</summary>
    /// <exception cref="UsageException">A line is no address. The rows before it were written.</exception>
    public static void Write(RowWriter rows, DeviceView view, IEnumerable<string> lines)
    {
        foreach (string line in lines)
        {
            DeviceTranslation translation = view.Context.Translate(Addresses.IoVirtual(line));
            rows.Begin();
            rows.Address("address"u8, translation.Address.Value);
            rows.Address("physical"u8, translation.Physical?.Value);
            rows.Number("pageSize"u8, translation.Physical is null ? 0 : translation.Walk?.PageSize ?? 0);
            if (translation.Physical is null)
            {
                rows.Null("rights"u8);
                rows.Text("reason"u8, DeviceFaultText.Of(translation, translation.Fault));
            }
            else
            {
                rows.Text("rights"u8, DeviceTranslationReport.Letters(translation.Rights));
                rows.Null("reason"u8);
            }

            rows.End();
        }
    }

    /// <summary>The same as text.</summary>
    public static void Write(TextWriter writer, DeviceView view, IEnumerable<string> lines)
    {
        foreach (string line in lines)
        {
            DeviceTranslation translation = view.Context.Translate(Addresses.IoVirtual(line));
            writer.WriteLine($"{translation.Address}  {translation.Physical?.ToString() ?? DeviceFaultText.Of(translation, translation.Fault)}");
        }
    }
}
