using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Pci;
using IommuSpy.Catalogue;
using IommuSpy.Catalogue.Tables;
using IommuSpy.Cli.Text;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy pci: the machine's PCI functions.</summary>
internal static class PciCommand
{
    public static Command Build()
    {
        Argument<string?> wanted =
            new("FUNCTION")
            {
                Description = "One function with all that is known of it: 00:1f.2, or its driver. Without it, all, a line each.",
                Arity = ArgumentArity.ZeroOrOne
            };
        Command command = new(
            "pci",
            "Every PCI function: address, ids, class, driver, IOMMU group, what it decodes. Names come from this machine's pci.ids, where it has "
                + "one.\n\nExamples: iommu-spy pci -s dump.elf\n          iommu-spy pci -s dump.elf 00:1f.2")
        {
            wanted,
        };
        SourceOptions source = new(command);
        TableOptions output = new(command, AllTables.Pci);
        command.SetAction(result =>
        {
            using Machine machine = source.OpenMachine(result);
            RequesterId? address = result.GetValue(wanted) is string text ? DeviceArguments.Address(machine, text) : null;
            PciReport report = PciReport.Of(machine);
            Output.Problems(output.IsPlain(result) ? report.Damage : []);
            if (address is RequesterId one)
            {
                report = report with { Functions = [.. report.Functions.Where(function => function.Address == one.ToString())] };
                if (report.Functions.Count == 0)
                {
                    throw new NoAnswerException($"no PCI function {one} in this machine");
                }
            }

            if (!output.IsPlain(result))
            {
                output.Answer(result, AllTables.Pci, new Question(machine).With(PciTable.Only, address?.ToString()));
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
