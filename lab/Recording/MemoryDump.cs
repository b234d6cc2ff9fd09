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
    public static void WriteElf(QmpClient monitor, string path, string scratch, CancellationToken cancellation) => ThroughPipe(
        pipe => monitor.Execute("dump-guest-memory", new JsonObject { ["paging"] = false, ["protocol"] = "file:" + pipe }), path, scratch, cancellation);

    /// <summary>Takes one of <see cref="Capture.ImagesOnDemand"/>.</summary>
    public static void Write(string image, QmpClient monitor, string path, string scratch, CancellationToken cancellation) => ThroughPipe(
        pipe =>
        {
            if (image == Capture.PagingDump)
            {
                monitor.Execute("dump-guest-memory", new JsonObject { ["paging"] = true, ["protocol"] = "file:" + pipe });
            }
            else
            {
                Migrate(monitor, $"exec:cat > {pipe}", cancellation);
            }
        },
        path, scratch, cancellation);

    private static void Migrate(QmpClient monitor, string uri, CancellationToken cancellation)
    {
        TimeSpan pause = TimeSpan.FromMilliseconds(100);
        monitor.Execute("migrate", new JsonObject { ["uri"] = uri });
        for (string? status = null; status is not "completed"; status = monitor.Execute("query-migrate")?["status"]?.GetValue<string>())
        {
            if (status is "failed" or "cancelled" || cancellation.WaitHandle.WaitOne(pause))
            {
                throw new LabException($"QEMU could not save its state: {status}");
            }
        }
    }

    private static void ThroughPipe(Action<string> dump, string path, string scratch, CancellationToken cancellation)
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
            dump(pipe);
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
