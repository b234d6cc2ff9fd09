using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Catalogue;
using IommuSpy.Catalogue.Tables;
using IommuSpy.Linux.Tasks;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy mounts: what is mounted.</summary>
internal static class MountsCommand
{
    public static Command Build()
    {
        Option<string?> pid = new("--pid") { Description = "As this process sees it; without it, as the first process does.", HelpName = "PID" };
        Command command = new(
            "mounts",
            "What is mounted where, as a process sees it: source, mount point, file system, how it is mounted.\n\nExample: iommu-spy mounts -s dump.elf")
        {
            pid,
        };
        SourceOptions source = new(command);
        TableOptions output = new(command, AllTables.Mounts);
        command.SetAction(result =>
        {
            using Machine machine = source.OpenMachine(result);
            KernelTask? process = result.GetValue(pid) is string number ? Processes.Of(machine, number) : null;
            output.Answer(result, AllTables.Mounts, new Question(machine).With(MountsTable.Process, process));
            return ExitCode.Done;
        });
        return command;
    }
}
