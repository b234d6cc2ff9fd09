using System.Diagnostics;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>A QEMU whose RAM is a guest's, stopped before its first instruction: read by its monitor and by its gdbstub.</summary>
public sealed class RunningGuestTests : IDisposable
{
    private static readonly string Guest = Guests.All.First(guest => guest.Vmcoreinfo && guest.Memory.Bytes < 1L << 30).Name;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("iommu-spy-test-");
    private Process? _qemu;

    public void Dispose()
    {
        _qemu?.Kill();
        _qemu?.WaitForExit();
        _qemu?.Dispose();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public void The_monitor_and_the_gdbstub_show_the_kernel_that_the_file_shows()
    {
        string socket = Path.Combine(_directory.FullName, "qmp");
        int port = FreePort();
        Start(socket, port);
        string[] expected = Symbols(Path.Combine(_directory.FullName, "ram"));
        Assert.NotEmpty(expected);
        Assert.Equal(expected, Symbols("qemu:" + socket));
        Assert.Equal(expected, Symbols($"gdb:127.0.0.1:{port}"));
        Cli.Outcome paused = Cli.Run("info", "-s", "qemu:" + socket, "--pause");
        Assert.Equal(0, paused.ExitCode);
        Assert.Contains("through its shared file", paused.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Nobody_there_is_one_line()
    {
        Refused("qemu:" + Path.Combine(_directory.FullName, "none"));
        Refused("gdb:127.0.0.1:1");
        Refused("gdb:nowhere");
    }

    private static void Refused(string source)
    {
        Cli.Outcome outcome = Cli.Run("info", "-s", source);
        Assert.Equal(3, outcome.ExitCode);
        Assert.StartsWith($"iommu-spy: {source}: ", Assert.Single(outcome.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    private static string[] Symbols(string source)
    {
        Cli.Outcome outcome = Cli.Run("symbols", "init*", "-s", source);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        return outcome.Lines;
    }

    private void Start(string socket, int port)
    {
        // A copy: QEMU's firmware tables would be written into the capture.
        string ram = Path.Combine(_directory.FullName, "ram");
        using (Process copy = Process.Start("cp", ["--sparse=always", Guests.Capture(Guest).RamFile, ram]))
        {
            copy.WaitForExit();
        }

        long bytes = new FileInfo(ram).Length;
        _qemu = Process.Start(new ProcessStartInfo("qemu-system-x86_64",
        [
            "-M", "q35,memory-backend=ram", "-accel", "tcg", "-m", $"{bytes >> 20}M", "-display", "none", "-S",
            "-object", $"memory-backend-file,id=ram,size={bytes},mem-path={ram},share=on",
            "-qmp", $"unix:{socket},server=on,wait=off", "-gdb", $"tcp:127.0.0.1:{port}",
        ]))!;
        for (int i = 0; i < 200 && !File.Exists(socket); i++)
        {
            Thread.Sleep(50);
        }
    }

    private static int FreePort()
    {
        using System.Net.Sockets.TcpListener listener = new(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }
}
