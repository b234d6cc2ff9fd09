using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace IommuSpy.Memory;

/// <summary>
/// A file that only its owner can read (0600), for memory is secrets. It goes away when it is disposed of and when the program is interrupted or
/// terminated, unless it was kept.
/// </summary>
internal sealed class PrivateFile : IDisposable
{
    private static readonly Lock Gate = new();
    private static readonly HashSet<string> Pending = new(StringComparer.Ordinal);
    private static PosixSignalRegistration[]? _signals;

    private readonly FileStream _stream;
    private bool _kept;

    private PrivateFile(string path, FileStream stream)
    {
        Path = path;
        _stream = stream;
    }

    /// <summary>Where it is.</summary>
    internal string Path { get; }

    /// <summary>Open for reading and writing.</summary>
    internal SafeFileHandle Handle => _stream.SafeFileHandle;

    /// <summary>A new file in the directory of <paramref name="path"/>, under a name of its own.</summary>
    internal static PrivateFile Beside(string path)
    {
        string whole = System.IO.Path.GetFullPath(path);
        return In(System.IO.Path.GetDirectoryName(whole) ?? "/", System.IO.Path.GetFileName(whole));
    }

    /// <summary>A new file in a directory.</summary>
    internal static PrivateFile In(string directory, string name)
    {
        string path = System.IO.Path.Combine(directory, $".{name}.{Environment.ProcessId}-{Guid.NewGuid():n}.part");
        lock (Gate)
        {
            _signals ??= [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT }.Select(signal => PosixSignalRegistration.Create(signal, _ => RemoveAll()))];
            Pending.Add(path);
        }

        try
        {
            FileStreamOptions options = new()
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.ReadWrite,
                Share = FileShare.Read,
                BufferSize = 0,
            };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            return new(path, new(path, options));
        }
        catch
        {
            Forget(path);
            throw;
        }
    }

    /// <summary>Gives it its name for good. What had the name is replaced.</summary>
    internal void Keep(string path)
    {
        File.Move(Path, path, overwrite: true);
        _kept = true;
        Forget(Path);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stream.Dispose();
        if (!_kept)
        {
            File.Delete(Path);
            Forget(Path);
        }
    }

    private static void Forget(string path)
    {
        lock (Gate)
        {
            Pending.Remove(path);
        }
    }

    // The signal then does what it always does: end the program.
    private static void RemoveAll()
    {
        lock (Gate)
        {
            foreach (string path in Pending)
            {
                File.Delete(path);
            }

            Pending.Clear();
        }
    }
}
