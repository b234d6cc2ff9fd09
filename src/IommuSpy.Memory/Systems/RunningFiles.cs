using IommuSpy.Memory.Sources.Devmem;

namespace IommuSpy.Memory.Systems;

/// <summary>The files of the machine this program runs on.</summary>
/// <param name="root">Where they are: "/", or a directory that stands for it.</param>
public sealed class RunningFiles(string root = "/") : SystemFiles
{
    /// <summary>/proc and /sys of the machine that this runs on.</summary>
    public static RunningFiles Here { get; } = new();

    /// <inheritdoc/>
    public override string Origin => root;

    /// <summary>The path by which a file is opened.</summary>
    public string PathOf(string path) => Path.Combine(root, path);

    /// <inheritdoc/>
    public override byte[]? Read(string path)
    {
        try
        {
            // Files of /proc and /sys say that they are empty: they are read until they end.
            using FileStream file = Opener.ReadStream(PathOf(path));
            using MemoryStream bytes = new();
            byte[] piece = new byte[64 << 10];
            for (int read = file.Read(piece); read > 0 && bytes.Length < MostBytes; read = file.Read(piece))
            {
                bytes.Write(piece, 0, read);
            }

            return bytes.ToArray();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Names(string directory)
    {
        try
        {
            return [.. Directory.EnumerateFileSystemEntries(PathOf(directory)).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <inheritdoc/>
    public override string? Link(string path)
    {
        try
        {
            return File.ResolveLinkTarget(PathOf(path), returnFinalTarget: false) is null ? null : new FileInfo(PathOf(path)).LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public override byte[]? Registers(PhysicalAddress address, int length)
    {
        try
        {
            using DevMem device = DevMem.Open(this);
            byte[] bytes = new byte[length];
            return device.IsMemory(address) || device.Read(address, bytes, AccessWidth.Bits32, out _) != length ? null : bytes;
        }
        catch (MemoryImageException)
        {
            return null;
        }
    }
}
