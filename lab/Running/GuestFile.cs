using IommuSpy.Lab.Host;

namespace IommuSpy.Lab.Running;

/// <summary>A file of the host that a guest is given.</summary>
/// <param name="Path">Where it will be in the guest, as "/bin/iommu-spy"; its directory is made.</param>
/// <param name="Source">The host's file.</param>
/// <param name="Executable">Whether it can be run.</param>
public sealed record GuestFile(string Path, string Source, bool Executable = false)
{
    /// <summary>A program and, where it is linked dynamically, the libraries that it needs.</summary>
    /// <param name="path">Where the program will be in the guest.</param>
    /// <param name="source">The host's program.</param>
    public static IReadOnlyList<GuestFile> Program(string path, string source)
    {
        List<GuestFile> files = [new(path, source, Executable: true)];
        foreach (string line in Libraries(source).Split('\n'))
        {
            // "libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x...)", or "/lib64/ld-linux-x86-64.so.2 (0x...)".
            string library = line.Split("=>")[^1].Trim().Split(' ')[0];
            if (library.StartsWith('/'))
            {
                files.Add(new(library, library, Executable: true));
            }
        }

        return files;
    }

    private static string Libraries(string program)
    {
        try
        {
            return HostCommand.Run("ldd", [program], CancellationToken.None);
        }
        catch (LabException)
        {
            // It says so of a static program.
            return "";
        }
    }
}
