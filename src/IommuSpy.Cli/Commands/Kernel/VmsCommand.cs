using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Catalogue;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy vms: the virtual machines of a host.</summary>
internal static class VmsCommand
{
    public static Command Build()
    {
        Command command = new(
            "vms",
            "The virtual machines of KVM's: process and name, CPUs, memory slots, how much of the memory is there, and the tables that translate "
                + "guest-physical addresses. What is in one of them, any command tells with --vm."
                + "\n\nExamples: iommu-spy vms -s host.elf\n          iommu-spy vms -s host.elf -J\n          iommu-spy ps -s host.elf --vm 136");
        SourceOptions source = new(command);
        TableOptions output = new(command, AllTables.VirtualMachines);
        command.SetAction(result =>
        {
            using Machine machine = source.OpenMachine(result);
            output.Answer(result, AllTables.VirtualMachines, new Question(machine));
            return ExitCode.Done;
        });
        return command;
    }
}
