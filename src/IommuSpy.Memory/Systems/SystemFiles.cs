using System.Text;

namespace IommuSpy.Memory.Systems;

/// <summary>
/// What a running Linux says of itself in /proc and /sys, by path from the root and without the first slash: "proc/iomem". Of the machine this program runs on,
/// or as it was recorded beside an image. It is the kernel's word, and a witness beside what its memory says. Safe to share between threads.
/// </summary>
public abstract class SystemFiles
{
    /// <summary>The most of a file that is read: the largest is /proc/kallsyms, of some 10 MiB.</summary>
    public const int MostBytes = 64 << 20;

    /// <summary>Where it says so, in words: "/" or "recorded in dump.elf".</summary>
    public abstract string Origin { get; }

    /// <summary>A file's bytes, at most <see cref="MostBytes"/>; null where there is none, or it may not be read.</summary>
    public abstract byte[]? Read(string path);

    /// <summary>Names in a directory, in order; empty where there is none.</summary>
    public abstract IReadOnlyList<string> Names(string directory);

    /// <summary>Where a link leads, as it is written; null where it is none.</summary>
    public abstract string? Link(string path);

    /// <summary>Registers of a device by their physical address; null where they cannot be read.</summary>
    /// <param name="address">The first byte.</param>
    /// <param name="length">Bytes; at most a page's, inside a page.</param>
    public abstract byte[]? Registers(PhysicalAddress address, int length);

    /// <summary>A file's text, without what ends its last line; null where there is none, or it may not be read.</summary>
    public string? Text(string path) => Read(path) is byte[] bytes ? Encoding.UTF8.GetString(bytes).TrimEnd('\n', '\0') : null;
}
