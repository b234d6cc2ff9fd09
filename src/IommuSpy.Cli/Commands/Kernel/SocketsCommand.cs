using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Catalogue;
using IommuSpy.Catalogue.Tables;
using IommuSpy.Linux.Tasks;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy sockets: every socket, and who holds it.</summary>
internal static class SocketsCommand
{
    public static Command Build()
    {
        Argument<string?> pid = new("PID")
        {
            Description = "Number of the process, or of a thread of it (see `iommu-spy ps`); without one, every socket.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Command command = new(
            "sockets",
            "Sockets, TCP, UDP, raw, UNIX, netlink and packet: state, ends, queues, and who holds each. They are found by two ways, the open files of "
                + "processes and the tables in which the kernel looks sockets up, so that those are there too that no process has open: in TIME_WAIT, not "
                + "accepted yet, the kernel's own.\n\n"
                + "Examples: iommu-spy sockets -s dump.elf\n          iommu-spy sockets -s dump.elf 173\n          "
                + "iommu-spy sockets -s dump.elf --where state=LISTEN --where 'kind=tcp*' --columns local,localPort,comm,holders")
        {
            pid,
        };
        SourceOptions source = new(command);
        TableOptions output = new(command, AllTables.Sockets);
        command.SetAction(result =>
        {
            using Machine machine = source.OpenMachine(result);
            KernelTask? process = result.GetValue(pid) is string number ? Processes.Of(machine, number) : null;
            output.Answer(result, AllTables.Sockets, new Question(machine).With(SocketsTable.Process, process));
            return ExitCode.Done;
        });
        return command;
    }
}
