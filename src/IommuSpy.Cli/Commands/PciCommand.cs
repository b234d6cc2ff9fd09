using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Pci;
using IommuSpy.Cli.Json;
using IommuSpy.Cli.Text;
using IommuSpy.Linux.Pci;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy pci: the machine's PCI functions.</summary>
internal static class PciCommand
{
    public static Command Build()
    {
        Argument<string?> wanted = new("FUNCTION") { Description = "One function with all that is known of it: 00:1f.2 or 0000:00:1f.2. Without it, all, a line each.", Arity = ArgumentArity.ZeroOrOne };
        Command command = new(
            "pci",
            "Every PCI function: address, ids, class, driver, IOMMU group, what it decodes. Names come from this machine's pci.ids, where it has one.\n\nExamples: iommu-spy pci -s dump.elf\n          iommu-spy pci -s dump.elf 00:1f.2")
        {
            wanted,
        };
        SourceOptions source = new(command);
        OutputOptions output = new(command, rows: true);
        command.SetAction(result =>
        {
            PciAddress? address = result.GetValue(wanted) is not string text ? null
                : PciAddress.TryParse(text, out PciAddress parsed) ? parsed : throw new UsageException($"'{text}' is no PCI function: write BUS:DEVICE.FUNCTION, as 00:1f.2, or with the domain before it");
            using Machine machine = source.OpenMachine(result);
            PciReport report = PciReport.Of(machine);
            Output.Problems(report.Damage);
            if (address is PciAddress one)
            {
                report = report with { Functions = [.. report.Functions.Where(function => function.Address == one.ToString())] };
                if (report.Functions.Count == 0)
                {
                    throw new NoAnswerException($"no PCI function {one} in this machine");
                }
            }

            if (output.Json(result) && address is not null)
            {
                Output.Json(report.Functions[0], ReportJson.Default.PciFunctionReport);
            }
            else if (output.Json(result) || output.JsonLines(result))
            {
                Output.Rows(output.JsonLines(result), report.Functions, ReportJson.Default.PciFunctionReport);
            }
            else
            {
                using StreamWriter writer = Output.Text();
                if (address is null)
                {
                    PciText.Write(writer, report);
                }
                else
                {
                    PciText.Write(writer, report.Functions[0]);
                }
            }

            return ExitCode.Done;
        });
        return command;
    }
}
