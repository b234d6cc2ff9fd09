using Microsoft.Win32.SafeHandles;

namespace IommuSpy.Memory;

/// <summary>
/// A file that only its owner can read (0600), for memory is secrets. It goes away when it is disposed of and when the program is interrupted or
/// terminated, unless it was kept.
/// </summary>
internal sealed class PrivateFile : IDisposable
{
    private readonly FileStream _stream;
    private readonly OnInterrupt _removal;
    private bool _kept;

    private PrivateFile(string path, FileStream stream, OnInterrupt removal)
    {
        Path = path;
        _stream = stream;
        _removal = removal;
    }

    /// <summary>Path of the file.</summary>
    internal string Path { get; }

    /// <summary>Open for reading and writing.</summary>
    internal SafeFileHandle Handle => _stream.SafeFileHandle;

    /// <summary>The same as a stream without a buffer.</summary>
    internal Stream Stream => _stream;

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
        OnInterrupt removal = OnInterrupt.Do(() => File.Delete(path));
        try
        {
            return new(path, Opener.New(path), removal);
        }
        catch
        {
            removal.Dispose();
            throw;
        }
    }

    /// <summary>Makes a folder that only its owner can look into, with those above it, unless it is there.</summary>
    internal static void MakeFolder(string path)
    {
        if (!OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    /// <summary>Gives it its name for good. What had the name is replaced.</summary>
    internal void Keep(string path)
    {
        File.Move(Path, path, overwrite: true);
        _kept = true;
        _removal.Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stream.Dispose();
        if (!_kept)
        {
            File.Delete(Path);
            _removal.Dispose();
        }
    }
}
