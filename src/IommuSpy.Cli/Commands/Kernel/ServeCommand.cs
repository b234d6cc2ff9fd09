using System.CommandLine;
using System.Runtime.InteropServices;
using IommuSpy.Analysis;
using IommuSpy.Cli.Explore;
using IommuSpy.Explorer.Server;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy serve: a machine in a browser.</summary>
internal static class ServeCommand
{
    private const int MostPort = 65535;

    public static Command Build()
    {
        Option<int> port = new("--port") { Description = "The port on 127.0.0.1; without it, any that is free.", HelpName = "N" };
        Option<bool> open = new("--open")
        {
            Description = "Open the page in the desktop's browser (xdg-open). Every user of this machine who lists processes sees its address then.",
        };
        Command command = new(
            "serve",
            "The machine in a browser on this one: explain any address, a map of physical memory, what devices can write, and every table. It answers on "
                + "127.0.0.1 alone, under an address that nobody can guess, for reading alone, and asks nothing outside of this machine. Ctrl-C ends it.\n\n"
                + "Examples: iommu-spy serve -s dump.elf\n          iommu-spy serve -s dump.elf --port 8080 --open")
        {
            port,
            open,
        };
        SourceOptions source = new(command);
        CommandNeeds.Declare(command, result => source.NeedsOf(result) with { Serves = true, Everything = result.GetValue(open) });
        command.SetAction(result =>
        {
            int wanted = result.GetValue(port);
            if (wanted is < 0 or > MostPort)
            {
                throw new UsageException($"--port is a number up to {MostPort}");
            }

            Display.WithoutPager();
            using Machine machine = source.OpenMachine(result);
            Serve(machine, wanted, result.GetValue(open)).GetAwaiter().GetResult();
            return ExitCode.Done;
        });
        return command;
    }

    private static async Task Serve(Machine machine, int port, bool open)
    {
        TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        void End(PosixSignalContext signal)
        {
            // The first time answers that are being made come to their end; the second time nobody wants to wait for that.
            signal.Cancel = ended.TrySetResult();
        }

        using PosixSignalRegistration interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
        using PosixSignalRegistration terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        ExplorerServer server;
        try
        {
            server = await ExplorerServer.StartAsync(machine, ServedReports.All, CommandRunner.NamedProblem, port).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
        {
            throw new NoAnswerException($"port {port} of 127.0.0.1 cannot be served: {e.Message}");
        }

        await using (server.ConfigureAwait(false))
        {
            using (LineWriter text = Output.Text())
            {
                text.WriteLine($"{server.Address}");
                text.WriteLine("  open it in a browser on this machine; whoever has this address can read the memory. Ctrl-C ends it.");
            }

            if (open)
            {
                Desktop.Open(server.Address);
            }

            await ended.Task.ConfigureAwait(false);
        }
    }
}
