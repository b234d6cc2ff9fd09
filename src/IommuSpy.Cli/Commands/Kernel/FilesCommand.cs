using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Catalogue;
using IommuSpy.Catalogue.Tables;
using IommuSpy.Linux.Tasks;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy files: which files processes have open.</summary>
internal static class FilesCommand
{
    public static Command Build()
    {
        Argument<string?> pid = new("PID")
        {
            Description = "Number of the process, or of a thread of it (see `iommu-spy ps`); without one, every process.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Command command = new(
            "files",
            "The files that a process has open, or that every process has: number, kind, how each was opened, position, path.\n\n"
                + "Examples: iommu-spy files -s dump.elf 173\n          iommu-spy files -s dump.elf --where 'path~/var/log'")
        {
            pid,
        };
        SourceOptions source = new(command);
        TableOptions output = new(command, AllTables.Files);
        command.SetAction(result =>
        {
            using Machine machine = source.OpenMachine(result);
            KernelTask? process = result.GetValue(pid) is string number ? Processes.Of(machine, number) : null;
            output.Answer(result, AllTables.Files, new Question(machine).With(FilesTable.Process, process));
            return ExitCode.Done;
        });
        return command;
    }
}
