using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Catalogue;
using IommuSpy.Catalogue.Tables;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy memory: where memory went.</summary>
internal static class MemoryCommand
{
    public static Command Build()
    {
        Option<bool> files = new("--files") { Description = "Each file of the page cache is a part, rather than each file system." };
        Option<bool> zones = new("--zones") { Description = "Tell nodes and zones apart in text, too." };
        Command command = new(
            "memory",
            "Where memory went: every page once, by what it is used for, and whose it is: files by file system, slabs by cache, vmalloc by who asked for it, "
                + "free memory by order, the kernel's own memory by the device that it is mapped for. The parts together are the machine.\n\n"
                + "Examples: iommu-spy memory -s dump.elf\n          iommu-spy memory -s dump.elf --files --where kind=file --sort bytes:desc\n"
                + "          iommu-spy memory -s dump.elf --csv")
        {
            files,
            zones,
        };
        SourceOptions source = new(command);
        TableOptions output = new(command, AllTables.Memory);
        command.SetAction(result =>
        {
            using Machine machine = source.OpenMachine(result);
            output.Answer(result, AllTables.Memory,
                new Question(machine).With(MemoryTable.Files, result.GetValue(files)).With(MemoryTable.Zones, result.GetValue(zones)));
            return ExitCode.Done;
        });
        return command;
    }
}
