using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Iommu;
using IommuSpy.Cli.Json;
using IommuSpy.Cli.Text;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy interrupts: the entries by which IOMMUs remap interrupts.</summary>
internal static class InterruptsCommand
{
    public static Command Build()
    {
        Command command = new(
            "interrupts",
            "The entries by which IOMMUs remap interrupts: which device may use each, and to which vector of which CPU it leads.\n\nExample: iommu-spy "
                + "interrupts -s dump.elf");
        SourceOptions source = new(command);
        OutputOptions output = new(command, rows: true);
        command.SetAction(result =>
        {
            using Machine machine = source.OpenMachine(result);
            List<string> absences = [];
            IReadOnlyList<InterruptAnswer> interrupts = InterruptAnswer.Of(machine, absences);
            Output.Problems(absences);
            if (output.Json(result) || output.JsonLines(result))
            {
                Output.Rows(output.JsonLines(result), interrupts, ReportJson.Default.InterruptAnswer);
            }
            else if (interrupts.Count > 0)
            {
                TextTable table = new("source", "index", "vector", "destination", "mode", "delivery", "trigger", "entry at", "entry");
                foreach (InterruptAnswer interrupt in interrupts)
                {
                    table.Add(
                        interrupt.Source ?? "any", $"{interrupt.Index}", $"0x{interrupt.Vector:x2}",
                        interrupt.Destination is HexValue destination ? $"{destination.Value}" : interrupt.PostedTo?.ToString() ?? "-",
                        interrupt.Mode, interrupt.Delivery, interrupt.Trigger ?? "-", interrupt.EntryAddress.ToString(),
                        string.Join(' ', interrupt.Entry.Select(word => $"{word.Value:x16}")));
                }

                using StreamWriter writer = Output.Text();
                table.Write(writer);
            }

            return interrupts.Count > 0 ? ExitCode.Done : throw new NoAnswerException(
                machine.Parts.Iommu.Units.Count == 0 ? "no IOMMU was found: interrupts are not remapped"
                    : "no interrupt remapping entry is in use that can be found");
        });
        return command;
    }
}
