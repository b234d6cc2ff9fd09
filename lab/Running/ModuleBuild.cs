using IommuSpy.Lab.Host;
using IommuSpy.Lab.Kernels;

namespace IommuSpy.Lab.Running;

/// <summary>Builds kernel modules, with their own makefiles, against the headers of a guest's kernel.</summary>
public static class ModuleBuild
{
    /// <summary>Builds in a copy of the sources, with W=1 and every warning an error.</summary>
    /// <param name="series">The kernel, as <see cref="CaptureSpec.Kernel"/> names it.</param>
    /// <param name="sources">The directory with the makefile, which takes KDIR=.</param>
    /// <param name="destination">Where the .ko goes.</param>
    /// <returns>The module's file.</returns>
    /// <exception cref="LabException">It does not build, or not without warnings.</exception>
    public static string Make(string series, string sources, string destination, Action<string>? say = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(sources);
        GuestKernel kernel = KernelStore.Get(series, say ?? (_ => { }), cancellation);
        string headers = kernel.HasHeaders ? KernelHeaders.BuildDirectory(kernel) : throw new LabException($"there are no headers for {kernel.Release}");
        string building = Directory.CreateTempSubdirectory("lab-module-").FullName;
        try
        {
            foreach (string file in Directory.GetFiles(sources))
            {
                File.Copy(file, Path.Combine(building, Path.GetFileName(file)));
            }

            HostCommand.Run("make", ["-C", building, "clean"], cancellation);

            // Debian names the compiler that built the kernel; any near it will do.
            HostCommand.Run("make", ["-s", "-j", "-C", building, $"KDIR={headers}", "CC=gcc", "W=1", "KCFLAGS=-Werror"], cancellation);
            string built = Directory.GetFiles(building, "*.ko").Single();
            string module = Path.Combine(destination, Path.GetFileName(built));
            File.Copy(built, module, overwrite: true);
            HostCommand.Run("make", ["-C", building, "clean"], cancellation);
            string? left = Directory.GetFiles(building).Select(Path.GetFileName)
                .Except(Directory.GetFiles(sources).Select(Path.GetFileName), StringComparer.Ordinal).FirstOrDefault();
            return left is null ? module : throw new LabException($"make clean leaves {left}");
        }
        finally
        {
            Directory.Delete(building, recursive: true);
        }
    }
}
