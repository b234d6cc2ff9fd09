using IommuSpy.Lab.Host;
using IommuSpy.Lab.Kernels;
using IommuSpy.Lab.Machines;

namespace IommuSpy.Lab.Guests;

/// <summary>The guest's shell and tools in one static program: this machine's own, or for another CPU that of Debian's package, unpacked privately.</summary>
internal static class GuestBusybox
{
    private const string Package = "busybox-static";

    // Its package is in every release; this one is asked first.
    private const string AnySeries = "6.1";

    /// <summary>The path of the program; fetched once.</summary>
    public static string Ensure(GuestArchitecture architecture, CancellationToken cancellation)
    {
        if (architecture.IsHost)
        {
            return HostTools.PathOf("busybox");
        }

        string program = Path.Combine(LabDirectories.Programs, $"busybox-{architecture.Debian}");
        if (File.Exists(program))
        {
            return program;
        }

        string scratch = Directory.CreateTempSubdirectory("lab-busybox-").FullName;
        try
        {
            foreach (ArchiveSuite suite in ArchiveSuite.For(KernelName.Parse(AnySeries), cancellation))
            {
                using var apt = new PrivateApt(suite, architecture, LabDirectories.Apt);
                if (apt.TryUpdate(cancellation, out _) && apt.Find(Package, cancellation) is { } found)
                {
                    HostCommand.Run("dpkg-deb", ["-x", apt.Download([found], scratch, cancellation)[0], scratch], cancellation);
                    string unpacked = Directory.GetFiles(scratch, "busybox", SearchOption.AllDirectories)
                        .First(file => file.Contains("/bin/", StringComparison.Ordinal));
                    File.Copy(unpacked, program + ".building", overwrite: true);
                    File.Move(program + ".building", program, overwrite: true);
                    return program;
                }
            }
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }

        throw new LabException($"no archive of this machine has {Package} for {architecture.Debian}");
    }
}
