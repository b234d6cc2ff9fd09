using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Devices;
using IommuSpy.Cli.Json;
using IommuSpy.Cli.Text;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy devices: every device, and how its IOMMU lets it see memory.</summary>
internal static class DevicesCommand
{
    public static Command Build()
    {
        Argument<string?> wanted =
            new("DEVICE")
            {
                Description = "One device with all that is known of it: 00:1f.2, or its driver. Without it, all, a line each.",
                Arity = ArgumentArity.ZeroOrOne
            };
        Command command = new(
            "devices",
            "Every device: driver, IOMMU unit, group, domain, whether its DMA is translated, passed through, blocked or before no IOMMU, and how much it can "
                + "reach.\n\nExamples: iommu-spy devices -s dump.elf\n          iommu-spy devices -s dump.elf 00:1f.2")
        {
            wanted,
        };
        SourceOptions source = new(command);
        OutputOptions output = new(command, rows: true);
        command.SetAction(result =>
        {
            using Machine machine = source.OpenMachine(result);
            DevicesReport report = DevicesReport.Of(machine);
            Output.Problems(report.Problems);
            if (result.GetValue(wanted) is string text)
            {
                string bdf = DeviceArguments.Of(machine, DeviceArguments.Address(machine, text)).Address.ToString();
                DeviceReport device = report.Devices.First(row => row.Bdf == bdf);
                if (output.Json(result) || output.JsonLines(result))
                {
                    Output.Json(device, ReportJson.Default.DeviceReport);
                    return ExitCode.Done;
                }

                using StreamWriter text1 = Output.Text();
                DevicesText.Write(text1, device);
                return ExitCode.Done;
            }

            if (output.Json(result) || output.JsonLines(result))
            {
                Output.Rows(output.JsonLines(result), report.Devices, ReportJson.Default.DeviceReport);
                return ExitCode.Done;
            }

            using StreamWriter writer = Output.Text();
            DevicesText.Write(writer, report);
            return ExitCode.Done;
        });
        return command;
    }
}
