using System.ComponentModel;
using System.Diagnostics;
using IommuSpy.Linux.Types.Btf;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Types.Files;

/// <summary>Reads DWARF by having Debian's pahole turn it into BTF, in a private file that is removed at once. The ELF file itself is not touched.</summary>
internal static class PaholeDwarf
{
    // A distribution's vmlinux takes about a minute.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    public static BtfTypes Read(string path)
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("iommu-spy-");
        try
        {
            string output = Path.Combine(directory.FullName, "types.btf");
            Run(path, output);
            return File.Exists(output) && BtfTypes.Read(Opener.ReadAll(output, TypeFile.MaxBlobBytes), $"DWARF of {path}") is BtfTypes types
                ? types
                : throw new MissingTypeException($"{path}: pahole made no BTF of its DWARF");
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static void Run(string path, string output)
    {
        ProcessStartInfo start = new("pahole", ["-J", $"--btf_encode_detached={output}", Path.GetFullPath(path)])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new MissingTypeException($"{path}: its types are DWARF, for which pahole is needed and not installed here (Debian: apt install pahole)", e);
        }

        using (process)
        {
            // Both are drained, so that it never waits for us.
            Task<string> words = process.StandardOutput.ReadToEndAsync();
            Task<string> complaints = process.StandardError.ReadToEndAsync();
            if (!process.WaitForExit(Patience))
            {
                process.Kill();
                throw new MissingTypeException($"{path}: pahole has not finished with its DWARF in {Patience.TotalMinutes} minutes");
            }

            Task.WaitAll(words, complaints);
            if (process.ExitCode != 0)
            {
                throw new MissingTypeException($"{path}: pahole cannot read its DWARF: {complaints.Result.Split('\n', 2)[0]}");
            }
        }
    }
}
