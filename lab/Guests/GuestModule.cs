using System.Security.Cryptography;
using System.Text;
using IommuSpy.Lab.Host;
using IommuSpy.Lab.Kernels;

namespace IommuSpy.Lab.Guests;

/// <summary>Builds the guest's kernel module against the headers of its kernel.</summary>
internal static class GuestModule
{
    /// <summary>The path of the built module, or null where there are no headers; built once for each version of its source and kernel.</summary>
    public static string? Ensure(GuestKernel kernel, CancellationToken cancellation)
    {
        if (!kernel.HasHeaders)
        {
            return null;
        }

        byte[] source = GuestSources.Read(GuestSources.Module + ".c");
        string version = Convert.ToHexStringLower(SHA256.HashData([.. source, .. Encoding.UTF8.GetBytes($"{kernel.Release} {kernel.Version}")]))[..12];
        string directory = Path.Combine(LabDirectories.Programs, $"{GuestSources.Module}-{version}");
        string module = Path.Combine(directory, GuestSources.Module + ".ko");
        if (File.Exists(module))
        {
            return module;
        }

        string building = Directory.CreateTempSubdirectory("lab-module-").FullName;
        try
        {
            File.WriteAllBytes(Path.Combine(building, GuestSources.Module + ".c"), source);
            File.WriteAllText(Path.Combine(building, "Kbuild"), $"obj-m := {GuestSources.Module}.o\n");

            // Debian names the compiler that built the kernel; any near it will do.
            HostCommand.Run("make", ["-s", "-C", KernelHeaders.BuildDirectory(kernel), $"M={building}", "CC=gcc", "modules"], cancellation);
            Directory.CreateDirectory(directory);
            HostCommand.Run("strip", ["--strip-debug", "-o", module + ".building", Path.Combine(building, GuestSources.Module + ".ko")], cancellation);
            File.Move(module + ".building", module, overwrite: true);
        }
        finally
        {
            Directory.Delete(building, recursive: true);
        }

        return module;
    }
}
