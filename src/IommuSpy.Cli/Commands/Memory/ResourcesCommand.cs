using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Catalogue;
using IommuSpy.Catalogue.Tables;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy resources: what stands where in physical memory, or among the I/O ports.</summary>
internal static class ResourcesCommand
{
    public static Command Build()
    {
        Argument<string?> at = new("ADDR")
        {
            Description = "Only what holds this physical address, or with --ports this port; the outermost first.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Option<bool> ports = new("--ports") { Description = "The I/O ports, as /proc/ioports." };
        Command command = new(
            "resources",
            "What stands where in physical memory, as /proc/iomem: memory, devices' ranges and who drives them, firmware's own.\n\n"
                + "Examples: iommu-spy resources -s dump.elf\n          iommu-spy resources -s dump.elf 0xfed00000\n"
                + "          iommu-spy resources -s dump.elf --ports")
        {
            at,
            ports,
        };
        SourceOptions source = new(command);
        TableOptions output = new(command, AllTables.Resources);
        command.SetAction(result =>
        {
            ulong? address = result.GetValue(at) is string text ? Addresses.Physical(text).Value : null;
            using Machine machine = source.OpenMachine(result);
            bool ofPorts = result.GetValue(ports);
            Question question = new Question(machine).With(ResourcesTable.Ports, ofPorts).With(ResourcesTable.At, address);
            long count = output.Answer(result, AllTables.Resources, question);
            return count > 0 || address is null ? ExitCode.Done
                : throw new NoAnswerException($"nothing in the kernel's list of {(ofPorts ? "I/O ports" : "physical memory")} holds 0x{address:x}");
        });
        return command;
    }
}
