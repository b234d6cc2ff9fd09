using System.Globalization;
using System.Text;
using IommuSpy.Memory.Writing;

namespace IommuSpy.Memory.Containers;

/// <summary>
/// The folder of unpacked images that commands keep for one another ($XDG_CACHE_HOME/iommu-spy), ours alone. Whoever adds one removes those that nobody has
/// used for two weeks.
/// </summary>
internal sealed class UnpackedCopies
{
    private const int NameDigits = 32;

    /// <summary>How long a copy stays that nobody uses.</summary>
    internal static readonly TimeSpan Kept = TimeSpan.FromDays(14);

    private UnpackedCopies(string folder) => Folder = folder;

    /// <summary>The folder.</summary>
    internal string Folder { get; }

    /// <summary>The user's; null where there is no folder that is theirs alone: a copy is then made that nobody keeps.</summary>
    internal static UnpackedCopies? OfUser() => In(Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } named && Path.IsPathRooted(named)
        ? named
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"));

    /// <summary>Those in a folder for caches; null where that is no absolute path, cannot be made, or somebody else can look into or owns it.</summary>
    /// <param name="caches">The folder, which need not exist.</param>
    internal static UnpackedCopies? In(string caches)
    {
        if (!Path.IsPathRooted(caches))
        {
            return null;
        }

        string folder = Path.Combine(caches, "iommu-spy");
        try
        {
            if (!OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        return FileKind.StatusOf(folder, follow: false) is { IsPrivateFolder: true } status && status.Owner == FileKind.StatusOf("/proc/self")?.Owner
            ? new(folder)
            : null;
    }

    /// <summary>Where the copy of a file belongs, as the file is now: one that changes gets another copy. Null where there is no such file.</summary>
    internal string? PathFor(string path)
    {
        // The time of a file's content may be set by whoever changed it; that of its last change is the system's.
        if (FileKind.StatusOf(path) is not FileStatus now)
        {
            return null;
        }

        FileInfo file = new(path);
        string identity = string.Create(CultureInfo.InvariantCulture, $"{file.FullName}\0{file.Length}\0{file.LastWriteTimeUtc.Ticks}\0{now}");
        Sha256 hash = new();
        hash.Append(Encoding.UTF8.GetBytes(identity));
        return Path.Combine(Folder, hash.Finish()[..NameDigits]);
    }

    /// <summary>Whether a copy is there; it counts as used now.</summary>
    internal static bool TryUse(string copy)
    {
        try
        {
            File.SetLastWriteTimeUtc(copy, DateTime.UtcNow);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Not there, or on a disk that nobody writes: then it cannot be told how old it is, and it is still good.
            return File.Exists(copy);
        }
    }

    /// <summary>Removes copies that nobody has used for long, but this one. Whoever has one open keeps what they see.</summary>
    internal void RemoveUnused(string but)
    {
        foreach (string copy in Directory.EnumerateFiles(Folder))
        {
            bool isCopy = Path.GetFileName(copy) is { Length: NameDigits } name && name.All(char.IsAsciiHexDigitLower);
            if (!isCopy || string.Equals(copy, but, StringComparison.Ordinal) || DateTime.UtcNow - File.GetLastWriteTimeUtc(copy) < Kept)
            {
                continue;
            }

            try
            {
                File.Delete(copy);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The next one may.
            }
        }
    }
}
