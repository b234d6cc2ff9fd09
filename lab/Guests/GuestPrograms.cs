using System.Security.Cryptography;
using IommuSpy.Lab.Host;
using IommuSpy.Lab.Machines;

namespace IommuSpy.Lab.Guests;

/// <summary>Builds the guest's C programs, statically: the guest has no libraries.</summary>
internal static class GuestPrograms
{
    /// <summary>The path of the built program; built once for each version of its source.</summary>
    public static string Ensure(string name, GuestArchitecture architecture, CancellationToken cancellation)
    {
        byte[] source = GuestSources.Read(name + ".c");
        string kind = architecture.IsHost ? "" : $"-{architecture.Debian}";
        string program = Path.Combine(LabDirectories.Programs, $"{name}{kind}-{Convert.ToHexStringLower(SHA256.HashData(source))[..12]}");
        if (File.Exists(program))
        {
            return program;
        }

        string sourceFile = program + ".c";
        File.WriteAllBytes(sourceFile, source);
        // A path cut short only fails to open: no warning for it.
        string[] options = ["-O2", "-Wall", "-Wextra", "-Werror", "-Wno-format-truncation", "-static", "-pthread"];
        HostCommand.Run(architecture.Compiler, [.. options, "-o", program + ".building", sourceFile], cancellation);
        File.Delete(sourceFile);
        File.Move(program + ".building", program, overwrite: true);
        return program;
    }
}
