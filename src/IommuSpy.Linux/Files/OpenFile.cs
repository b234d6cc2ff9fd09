namespace IommuSpy.Linux.Files;

/// <summary>A file that a task has open. Null is a stated absence.</summary>
/// <param name="Descriptor">Its number.</param>
/// <param name="File">The file.</param>
/// <param name="Position">Where the next read or write begins, in bytes.</param>
/// <param name="Flags">How it was opened: O_RDWR, O_APPEND and so on (include/uapi/asm-generic/fcntl.h).</param>
/// <param name="Mode">The mode of its inode: what kind of file it is, and who may do what.</param>
public sealed record OpenFile(int Descriptor, KernelFile File, long? Position, uint? Flags, uint? Mode)
{
    private const uint KindMask = 0xf000;
    private const uint AccessMask = 3;

    private static readonly (uint Bits, string Name)[] FlagNames =
    [
        (0x400, "append"), (0x800, "nonblock"), (0x101000, "sync"), (0x1000, "dsync"), (0x2000, "async"), (0x4000, "direct"), (0x8000, "largefile"),
        (0x410000, "tmpfile"), (0x10000, "directory"), (0x20000, "nofollow"), (0x40000, "noatime"), (0x200000, "path"),
    ];

    /// <summary>"file", "directory", "character", "block", "fifo", "socket", "link"; "anonymous" for what has no kind of its own.</summary>
    public string? Kind => Mode is not uint mode ? null : (mode & KindMask) switch
    {
        0x8000 => "file",
        0x4000 => "directory",
        0x2000 => "character",
        0x6000 => "block",
        0x1000 => "fifo",
        0xc000 => "socket",
        0xa000 => "link",
        _ => "anonymous",
    };

    /// <summary>"r", "w" or "rw", then how else it was opened.</summary>
    public IReadOnlyList<string> FlagTexts
    {
        get
        {
            List<string> texts = [];
            if (Flags is uint flags)
            {
                texts.Add((flags & AccessMask) switch { 0 => "r", 1 => "w", _ => "rw" });
                foreach ((uint bits, string name) in FlagNames)
                {
                    if ((flags & bits) == bits)
                    {
                        texts.Add(name);
                        flags &= ~bits;
                    }
                }
            }

            return texts;
        }
    }
}
