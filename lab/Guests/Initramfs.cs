using System.Text;
using IommuSpy.Lab.Kernels;
using IommuSpy.Lab.Machines;

namespace IommuSpy.Lab.Guests;

/// <summary>The guest's whole user space in one archive: busybox, the kernel's modules, the workload and the collector.</summary>
internal static class Initramfs
{
    // What init.sh calls. Not `busybox --install`: hundreds of links would be made in the guest for nothing.
    private static readonly string[] Applets =
    [
        "sh", "mount", "insmod", "ifconfig", "ping", "dd", "cat", "ls", "head", "grep", "mkdir", "sleep", "sync", "test", "mkswap", "swapon", "readlink",
    ];

    private const string Collector = "collector";
    private static readonly string[] Directories = ["bin", "dev", "proc", "sys", "tmp", "run", "mnt", "lab", "lab/modules"];

    /// <param name="architecture">Of the kernel.</param>
    /// <param name="diskCount">How many disks the machine has; the guest waits for that many.</param>
    /// <param name="spec">What the guest is to do beyond what every guest does.</param>
    public static void Write(
        string path, GuestKernel kernel, GuestArchitecture architecture, int diskCount, CaptureSpec spec, CancellationToken cancellation) =>
        Write(path, kernel, architecture, diskCount, spec, _ => { }, cancellation);

    /// <inheritdoc cref="Write(string, GuestKernel, GuestArchitecture, int, CaptureSpec, CancellationToken)"/>
    /// <param name="add">Adds more; of two files of one name, the later stays.</param>
    public static void Write(
        string path, GuestKernel kernel, GuestArchitecture architecture, int diskCount, CaptureSpec spec, Action<CpioArchive> add,
        CancellationToken cancellation)
    {
        using FileStream output = File.Create(path);
        var archive = new CpioArchive(output);
        foreach (string directory in Directories)
        {
            archive.AddDirectory(directory);
        }

        // Without it the first process has no standard output.
        archive.AddCharacterDevice("dev/console", 5, 1);
        archive.AddFile("init", GuestSources.Read(GuestSources.InitScript), executable: true);
        archive.AddFile("bin/busybox", File.ReadAllBytes(GuestBusybox.Ensure(architecture, cancellation)), executable: true);
        foreach (string applet in Applets)
        {
            archive.AddLink("bin/" + applet, "busybox");
        }

        foreach (string program in GuestSources.Programs)
        {
            archive.AddFile("bin/" + program, File.ReadAllBytes(GuestPrograms.Ensure(program, architecture, cancellation)), executable: true);
        }

        AddModules(archive, "module-order",
            [.. kernel.ModuleFiles(kernel.ModuleOrder), .. GuestModule.Ensure(kernel, cancellation) is { } module ? [module] : Array.Empty<string>()]);
        if (spec.UserMapping)
        {
            AddModules(archive, "user-mapping-modules", [.. kernel.ModuleFiles(kernel.UserMappingModules)]);
        }

        if (spec.VirtualMachines)
        {
            AddModules(archive, "virtual-machine-modules", [.. kernel.ModuleFiles(kernel.VirtualMachineModules ?? [])]);
            archive.AddFile("bin/collect", File.ReadAllBytes(GuestPrograms.Ensure(Collector, architecture, cancellation)), executable: true);
            archive.AddFile("bin/" + Collector, GuestSources.Read(GuestSources.MachinesScript), executable: true);
            archive.AddFile(
                "bin/" + GuestSources.Hypervisor, File.ReadAllBytes(GuestPrograms.Ensure(GuestSources.Hypervisor, architecture, cancellation)),
                executable: true);

            // In one of them the same kernel runs, with a file system of its own.
            archive.AddFile("lab/inner-kernel", File.ReadAllBytes(kernel.Image));
            archive.AddFile("lab/inner-initramfs", Inner(architecture, cancellation));
        }

        archive.AddFile("lab/disk-count", Encoding.ASCII.GetBytes($"{diskCount}\n"));
        add(archive);
        archive.Finish();
    }

    private static byte[] Inner(GuestArchitecture architecture, CancellationToken cancellation)
    {
        using MemoryStream output = new();
        var archive = new CpioArchive(output);
        archive.AddDirectory("dev");
        archive.AddDirectory("proc");
        archive.AddFile("init", File.ReadAllBytes(GuestPrograms.Ensure(GuestSources.Inner, architecture, cancellation)), executable: true);
        archive.Finish();
        return output.ToArray();
    }

    /// <summary>Adds modules, each after those that it depends on, and a list of them, which a guest loads when it wants to.</summary>
    public static void AddModules(CpioArchive archive, string list, IReadOnlyList<string> files)
    {
        foreach (string module in files)
        {
            archive.AddFile("lab/modules/" + Path.GetFileName(module), File.ReadAllBytes(module));
        }

        archive.AddFile("lab/" + list, Encoding.ASCII.GetBytes(string.Concat(files.Select(file => Path.GetFileName(file) + '\n'))));
    }
}
