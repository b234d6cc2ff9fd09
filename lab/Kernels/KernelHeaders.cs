using IommuSpy.Lab.Host;

namespace IommuSpy.Lab.Kernels;

/// <summary>The distribution's headers for building modules of a kernel, unpacked privately.</summary>
internal static class KernelHeaders
{
    private const string InstalledUnder = "/usr/src/";
    private const string HeadersPrefix = "linux-headers-";

    // linux-headers-6.1.0-56-common and linux-kbuild-6.1.
    private static readonly string[] Parts = ["headers-", "kbuild-"];

    /// <summary>Fetches the headers of a release into a directory; false, and a line that says why, where it does not have them.</summary>
    /// <param name="scratch">Where to download to.</param>
    public static bool TryFetch(PrivateApt apt, string release, string scratch, string destination, Action<string> say, CancellationToken cancellation)
    {
        if (apt.Find(HeadersPrefix + release, cancellation) is not { } headers)
        {
            say($"there are no headers for {release}: its guests cannot be asked for their IOMMU domains");
            return false;
        }

        IEnumerable<DebianPackage> parts = headers.Depends
            .Where(name => name.StartsWith("linux-", StringComparison.Ordinal) && Parts.Any(part => name.Contains(part, StringComparison.Ordinal)))
            .Select(name => apt.Find(name, cancellation) ?? throw new LabException($"the archive has {headers.Name} but not {name}"));
        string downloads = Directory.CreateDirectory(Path.Combine(scratch, "header-downloads")).FullName;
        foreach (string file in apt.Download([headers, .. parts], downloads, cancellation))
        {
            HostCommand.Run("dpkg-deb", ["-x", file, destination], cancellation);
        }

        return true;
    }

    /// <summary>Headers that are somebody's own, or the tree that the kernel was built in.</summary>
    /// <param name="build">The directory to give to make.</param>
    public static void Link(string build, string release, string destination)
    {
        string sources = Directory.CreateDirectory(destination + InstalledUnder).FullName;
        Directory.CreateSymbolicLink(Path.Combine(sources, HeadersPrefix + release), build);
    }

    /// <summary>The directory to give to make, its makefile made to work where it is now.</summary>
    public static string BuildDirectory(GuestKernel kernel)
    {
        string sources = kernel.Headers + InstalledUnder;
        string build = Path.Combine(sources, HeadersPrefix + kernel.Release);
        string makefile = Path.Combine(build, "Makefile");

        // Debian's includes the makefile of the common headers by its absolute name. The cache may have been moved since it was last made to work.
        if (Directory.GetDirectories(sources, "linux-headers-*-common*").SingleOrDefault() is string common)
        {
            File.WriteAllText(makefile, $"include {Path.Combine(common, "Makefile")}\n");
        }

        return build;
    }
}
