using System.Text.Json.Nodes;
using IommuSpy.Lab.Host;
using IommuSpy.Lab.Machines;

namespace IommuSpy.Lab.Recording;

/// <summary>QEMU's own dumps of a stopped guest's memory.</summary>
internal static class MemoryDump
{
    /// <summary>
    /// Writes an ELF dump. QEMU would write every zero of the guest to the disk; through a pipe, only the pages with content get there.
    /// </summary>
    public static void WriteElf(QmpClient monitor, string path, string scratch, CancellationToken cancellation)
    {
        string pipe = Path.Combine(scratch, "dump");
        HostCommand.Run("mkfifo", [pipe], cancellation);
        Task copy = Task.Run(
            () =>
            {
                // Opening waits for QEMU to open the other end.
                using var source = new FileStream(pipe, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
                NamedPipe.Enlarge(source.SafeFileHandle);
                SparseFile.Copy(source, path);
            },
            CancellationToken.None);
        try
        {
            monitor.Execute("dump-guest-memory", new JsonObject { ["paging"] = false, ["protocol"] = "file:" + pipe });
        }
        finally
        {
            // If QEMU never opened its end, the copy still waits for a writer.
            using (File.Open(pipe, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
            {
            }

            copy.Wait(CancellationToken.None);
            File.Delete(pipe);
        }
    }

    public static void WriteKdump(QmpClient monitor, string path)
    {
        monitor.Execute("dump-guest-memory", new JsonObject { ["paging"] = false, ["format"] = "kdump-zlib", ["protocol"] = "file:" + path });

        // QEMU makes it readable by its owner alone, and not even writable.
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
    }
}
