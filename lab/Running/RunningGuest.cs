using System.Text;
using System.Text.Json.Nodes;
using IommuSpy.Lab.Guests;
using IommuSpy.Lab.Host;
using IommuSpy.Lab.Kernels;
using IommuSpy.Lab.Machines;

namespace IommuSpy.Lab.Running;

/// <summary>
/// A guest that is up and runs commands: the machine, devices, traffic and workload of a capture, with an agent in the collector's place. It ends with this
/// object, and at its time limit at the latest. Not to be shared between threads.
/// </summary>
public sealed class RunningGuest : IDisposable
{
    /// <summary>The ordinary user's number.</summary>
    public const int OrdinaryUser = 1000;

    /// <summary>
    /// In the guest, a list of modules in /lab/modules, to load in this order: what drives memory that the kernel's argument memmap=SIZE!START makes
    /// persistent.
    /// </summary>
    public const string PersistentMemoryModules = "persistent-memory-modules";

    private static readonly TimeSpan BootLimit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan CommandLimit = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan ExitTime = TimeSpan.FromSeconds(2);

    // Probes and tracepoints change the kernel's code while it runs, and guests whose processors are emulated by a thread each have died of that now and then
    // (suspected, not proved): here the processors take turns.
    private const string OneThread = "tcg,thread=single";

    private readonly string _directory;
    private readonly LabLock _slot;
    private readonly QemuProcess _qemu;
    private readonly QmpClient _monitor;
    private readonly GuestAgent _agent;

    private RunningGuest(string directory, LabLock slot, QemuProcess qemu, QmpClient monitor, GuestAgent agent, string release)
    {
        _directory = directory;
        _slot = slot;
        _qemu = qemu;
        _monitor = monitor;
        _agent = agent;
        Release = release;
    }

    /// <summary>As uname -r prints it.</summary>
    public string Release { get; }

    /// <summary>The guest's memory, as it is now: what QEMU mapped.</summary>
    public string RamFile => Path.Combine(_directory, "ram.raw");

    /// <summary>The socket of a second monitor, for whoever reads the guest through it: "qemu:" and this.</summary>
    public string MonitorSocket => Path.Combine(_directory, "qmp-user");

    /// <summary>The host's file of the disk that tests may write to; the guest knows it as $DISK. 2 GiB, sparse.</summary>
    public string DiskFile => Path.Combine(_directory, "oracle.disk");

    /// <summary>The guest's console so far.</summary>
    public string Console => SerialFile(_directory).Text();

    /// <summary>Boots a guest and waits until it is up: half a minute.</summary>
    /// <param name="spec">The machine, as for a capture.</param>
    /// <param name="files">What to put into the guest beside busybox and the workload.</param>
    /// <param name="life">After which the guest ends in any case; an hour if null.</param>
    /// <param name="say">Receives one line for each step that takes time; standard error if null.</param>
    /// <exception cref="LabException">It does not boot; the message ends with the console's last lines.</exception>
    public static RunningGuest Boot(CaptureSpec spec, IReadOnlyList<GuestFile> files, TimeSpan? life = null, Action<string>? say = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(files);
        spec.Validate();
        say ??= line => System.Console.Error.WriteLine($"lab: {line}");
        GuestKernel kernel = KernelStore.Get(spec.Kernel, say, cancellation);
        return SerialLog.Boot(() => Boot(spec, kernel, files, life ?? TimeSpan.FromHours(1), say, cancellation), say);
    }

    /// <summary>Runs a command of the guest's shell to its end. What it leaves running in the background stays.</summary>
    /// <param name="command">For `sh -c`. $DISK is the disk that tests may write to; /run/workload lists what the workload mapped; `terminal SECONDS TEXT
    /// COMMAND...` runs one in a terminal and types.</param>
    /// <param name="user">Its user's number: 0 is root, <see cref="OrdinaryUser"/> nobody special.</param>
    /// <param name="limit">How long it may take; two minutes if null.</param>
    /// <exception cref="LabException">It takes longer, or the guest is gone.</exception>
    public GuestOutcome Run(string command, int user = 0, TimeSpan? limit = null)
    {
        try
        {
            return _agent.Run(command, user, limit ?? CommandLimit);
        }
        catch (LabException gone) when (_qemu.WaitForExit(ExitTime))
        {
            // What a kernel said last is why: a guest that dies is not started again.
            throw new LabException($"{gone.Message}; the guest has ended: {_qemu.LastWords()}{SerialFile(_directory).LastLines()}", gone);
        }
    }

    /// <summary>What the human monitor of QEMU prints for a command: "xp /4wx 0x100000".</summary>
    public string Monitor(string command) => _monitor.ExecuteHuman(command);

    /// <summary>Runs a command of QEMU's monitor: pmemsave, dump-guest-memory.</summary>
    public JsonNode? Execute(string command, JsonObject? arguments = null) => _monitor.Execute(command, arguments);

    /// <summary>Stops the guest's processors: its memory stays as it is.</summary>
    public void Stop() => _monitor.Execute("stop");

    /// <summary>Lets them go on.</summary>
    public void Continue() => _monitor.Execute("cont");

    /// <summary>Ends the guest and removes everything of it.</summary>
    public void Dispose()
    {
        _agent.Dispose();
        _monitor.Dispose();
        _qemu.Dispose();
        Directory.Delete(_directory, recursive: true);
        _slot.Dispose();
    }

    private static RunningGuest Boot(CaptureSpec spec, GuestKernel kernel, IReadOnlyList<GuestFile> files, TimeSpan life, Action<string> say,
        CancellationToken cancellation)
    {
        LabLock slot = LabLock.TakeAny(LabDirectories.RunningLockFiles, say, cancellation);
        string directory = Directory.CreateTempSubdirectory("iommu-spy-guest-").FullName;
        QemuProcess? qemu = null;
        QmpClient? monitor = null;
        try
        {
            var machine = new Machine(spec, kernel);
            foreach (GuestDisk disk in machine.Disks)
            {
                disk.Create(directory, cancellation);
            }

            Initramfs.Write(
                Path.Combine(directory, "initramfs"), kernel, machine.Architecture, machine.Disks.Count, spec, archive =>
                {
                    Initramfs.AddModules(archive, PersistentMemoryModules, [.. kernel.ModuleFiles(kernel.PersistentMemoryModules)]);
                    AddFiles(archive, machine.Architecture, files, cancellation);
                },
                cancellation);
            Directory.CreateDirectory(Path.Combine(directory, "oracle"));
            string agent = Path.Combine(directory, "agent");
            string[] arguments =
            [
                .. machine.UntracedArguments(kernel, directory, directory, OneThread),
                "-serial", $"unix:{agent},server=on,wait=off", "-qmp", $"unix:{directory}/qmp-user,server=on,wait=off",
            ];
            say($"booting {kernel.Release}, {spec.Iommu.ToOptionText()} IOMMU, to run commands in");
            qemu = QemuProcess.Start(machine.Architecture, arguments, life, cancellation);
            SerialFile(directory).WaitUntilReady(qemu, BootLimit, cancellation);
            monitor = QmpClient.Connect(Path.Combine(directory, "qmp"));
            return new RunningGuest(directory, slot, qemu, monitor, GuestAgent.Connect(agent), kernel.Release);
        }
        catch
        {
            monitor?.Dispose();
            qemu?.Dispose();
            slot.Dispose();
            Directory.Delete(directory, recursive: true);
            throw;
        }
    }

    private static SerialLog SerialFile(string directory) => new(Path.Combine(directory, "oracle/serial.log"));

    private static void AddFiles(CpioArchive archive, GuestArchitecture architecture, IReadOnlyList<GuestFile> files, CancellationToken cancellation)
    {
        // The collector is asked for when everything is up; here, the agent answers.
        (string Name, string Program)[] programs =
        [
            ("collector", GuestSources.Agent), ("terminal", GuestSources.Terminal), ("oddpages", GuestSources.OddPages),
            ("sockets", GuestSources.Sockets), ("cached", GuestSources.Cached),
        ];
        foreach ((string name, string program) in programs)
        {
            archive.AddFile("bin/" + name, File.ReadAllBytes(GuestPrograms.Ensure(program, architecture, cancellation)), executable: true);
        }

        foreach (string applet in HostCommand.Run(HostTools.PathOf("busybox"), ["--list"], cancellation).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(applet => applet != "busybox"))
        {
            archive.AddLink("bin/" + applet, "busybox");
        }

        archive.AddDirectory("etc");
        archive.AddFile("etc/passwd", Encoding.ASCII.GetBytes($"root:x:0:0:root:/:/bin/sh\nuser:x:{OrdinaryUser}:{OrdinaryUser}:user:/tmp:/bin/sh\n"));
        HashSet<string> directories = new(StringComparer.Ordinal) { "bin", "dev", "proc", "sys", "tmp", "run", "mnt", "lab", "etc" };
        foreach (GuestFile file in files)
        {
            string path = file.Path.TrimStart('/');
            for (int slash = path.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = path.IndexOf('/', slash + 1))
            {
                if (directories.Add(path[..slash]))
                {
                    archive.AddDirectory(path[..slash]);
                }
            }

            archive.AddFile(path, File.ReadAllBytes(file.Source), file.Executable);
        }
    }
}
