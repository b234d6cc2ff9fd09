using System.Text;
using IommuSpy.Lab.Host;
using IommuSpy.Lab.Kernels;

namespace IommuSpy.Lab.Guests;

/// <summary>The guest's whole user space in one archive: busybox, the kernel's modules, the workload and the collector.</summary>
internal static class Initramfs
{
    // What init.sh calls. Not `busybox --install`: hundreds of links would be made in the guest for nothing.
    private static readonly string[] Applets =
    [
        "sh", "mount", "insmod", "ifconfig", "ping", "dd", "cat", "ls", "head", "grep", "mkdir", "sleep", "sync", "test", "mkswap", "swapon",
    ];

    private static readonly string[] Directories = ["bin", "dev", "proc", "sys", "tmp", "run", "mnt", "lab", "lab/modules"];

    /// <param name="diskCount">How many disks the machine has; the guest waits for that many.</param>
    public static void Write(string path, GuestKernel kernel, int diskCount, CancellationToken cancellation)
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
        archive.AddFile("bin/busybox", File.ReadAllBytes(HostTools.PathOf("busybox")), executable: true);
        foreach (string applet in Applets)
        {
            archive.AddLink("bin/" + applet, "busybox");
        }

        foreach (string program in GuestSources.Programs)
        {
            archive.AddFile("bin/" + program, File.ReadAllBytes(GuestPrograms.Ensure(program, cancellation)), executable: true);
        }

        foreach (string module in kernel.ModuleFiles)
        {
            archive.AddFile("lab/modules/" + Path.GetFileName(module), File.ReadAllBytes(module));
        }

        archive.AddFile("lab/module-order", Encoding.ASCII.GetBytes(string.Concat(kernel.ModuleOrder.Select(module => module + '\n'))));
        archive.AddFile("lab/disk-count", Encoding.ASCII.GetBytes($"{diskCount}\n"));
        archive.Finish();
    }
}
