using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Devices;
using IommuSpy.Catalogue;
using IommuSpy.Catalogue.Tables;
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
        TableOptions output = new(command, AllTables.Devices);
        command.SetAction(result =>
        {
            using Machine machine = source.OpenMachine(result);
            string? only = result.GetValue(wanted) is string text
                ? DeviceArguments.Of(machine, DeviceArguments.Address(machine, text)).Address.ToString() : null;
            if (!output.IsPlain(result))
            {
                output.Answer(result, AllTables.Devices, new Question(machine).With(DevicesTable.Only, only));
                return ExitCode.Done;
            }

            DevicesReport report = DevicesReport.Of(machine);
            Output.Problems(report.Problems);
            using StreamWriter writer = Output.Text();
            if (only is null)
            {
                DevicesText.Write(writer, report);
            }
            else
            {
                DevicesText.Write(writer, report.Devices.First(device => device.Device == only));
            }

            return ExitCode.Done;
        });
        return command;
    }
}
