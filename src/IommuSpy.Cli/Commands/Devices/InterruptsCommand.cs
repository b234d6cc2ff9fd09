using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Catalogue;

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
        TableOptions output = new(command, AllTables.Interrupts);
        command.SetAction(result =>
        {
            using Machine machine = source.OpenMachine(result);
            long count = output.Answer(result, AllTables.Interrupts, new Question(machine));
            return count > 0 ? ExitCode.Done : throw new NoAnswerException(
                machine.Parts.Iommu.Units.Count == 0 ? "no IOMMU was found: interrupts are not remapped"
                    : "no interrupt remapping entry is in use that can be found");
        });
        return command;
    }
}
