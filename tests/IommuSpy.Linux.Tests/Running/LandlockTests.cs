using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using IommuSpy.Linux.Running.Confinement;

namespace IommuSpy.Linux.Tests.Running;

/// <summary>What a thread that has confined itself can still do, by the running kernel's own word. Nothing holds any other thread.</summary>
public sealed class LandlockTests
{
    [Fact]
    public void Files_are_written_where_the_rights_say_and_nowhere_else()
    {
        using Folders folders = new();
        IReadOnlyList<string> writes = [folders.Allowed, Path.Combine(folders.Other, "that-is-not-there")];
        Confined(new(writes, Connects: false, Serves: false, Starts: false, ReadsProcesses: false), () =>
        {
            string inside = Path.Combine(folders.Allowed, "below", "file");
            Directory.CreateDirectory(Path.GetDirectoryName(inside)!);
            File.WriteAllText(inside, "written");
            File.Move(inside, inside + "2");
            File.Delete(inside + "2");

            Assert.Throws<UnauthorizedAccessException>(() => File.WriteAllText(Path.Combine(folders.Other, "new"), ""));
            Assert.Throws<UnauthorizedAccessException>(() => File.WriteAllText(folders.File, "changed"));
            Assert.Throws<UnauthorizedAccessException>(() => File.Delete(folders.File));
            Assert.Throws<UnauthorizedAccessException>(() => Directory.CreateDirectory(Path.Combine(folders.Other, "new")));
            Assert.Equal("kept", File.ReadAllText(folders.File));
            File.WriteAllText("/dev/null", "nothing");
        });
    }

    [Fact]
    public void Programs_are_started_and_servers_asked_only_with_the_right_to()
    {
        using TcpListener server = new(IPAddress.Loopback, 0);
        server.Start();
        int port = ((IPEndPoint)server.LocalEndpoint).Port;
        SandboxRights none = new([], Connects: false, Serves: false, Starts: false, ReadsProcesses: false);
        Confined(none, () =>
        {
            Assert.Throws<Win32Exception>(() => Process.Start("/bin/true"));
            Assert.Throws<SocketException>(() => Connect(port));
            Assert.Throws<SocketException>(Serve);
        });
        Confined(none with { Serves = true }, () =>
        {
            Assert.Throws<SocketException>(() => Connect(port));
            Serve();
        });
        Confined(none with { Connects = true, Starts = true }, () =>
        {
            using (Process process = Process.Start("/bin/true"))
            {
                process.WaitForExit();
                Assert.Equal(0, process.ExitCode);
            }

            Connect(port);
            Assert.Throws<SocketException>(Serve);
        });
    }

    private static void Serve()
    {
        using TcpListener server = new(IPAddress.Loopback, 0);
        server.Start();
    }

    private static void Connect(int port)
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(IPAddress.Loopback, port);
    }

    private static void Confined(SandboxRights rights, Action action)
    {
        Assert.SkipUnless(Landlock.Version >= 4, "this kernel's Landlock does not confine files and TCP");
        Exception? failure = null;
        Thread thread = new(() => failure = Record.Exception(() =>
        {
            Assert.True(Sandbox.TryGiveUpPrivileges());
            Assert.True(Landlock.TryRestrict(rights));
            action();
        }));
        thread.Start();
        thread.Join();
        Assert.Null(failure);
    }

    private sealed class Folders : IDisposable
    {
        private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory();

        internal Folders()
        {
            Directory.CreateDirectory(Allowed);
            Directory.CreateDirectory(Other);
            System.IO.File.WriteAllText(File, "kept");
        }

        internal string Allowed => Path.Combine(_root.FullName, "allowed");

        internal string Other => Path.Combine(_root.FullName, "other");

        internal string File => Path.Combine(Other, "file");

        public void Dispose() => _root.Delete(recursive: true);
    }
}
