using System.Runtime.InteropServices;

namespace IommuSpy.Memory;

/// <summary>What a path names, asked before opening it: opening a FIFO would wait for a writer (statx(2)).</summary>
public static unsafe partial class FileKind
{
    private const int CurrentDirectory = -100; // AT_FDCWD
    private const uint TypeWanted = 1; // STATX_TYPE
    private const int StatxBytes = 256;
    private const int ModeOffset = 28; // stx_mode

    /// <summary>Null for a regular file and where the system does not say; else the kind, with its article.</summary>
    /// <param name="path">The path; links are followed.</param>
    public static string? Of(string path)
    {
        byte* status = stackalloc byte[StatxBytes];
        if (!OperatingSystem.IsLinux() || Statx(CurrentDirectory, path, 0, TypeWanted, status) != 0)
        {
            return null;
        }

        return (*(ushort*)(status + ModeOffset) & 0xf000) switch
        {
            0x1000 => "a FIFO",
            0x2000 => "a character device",
            0x4000 => "a directory",
            0x6000 => "a block device",
            0xc000 => "a socket",
            _ => null,
        };
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int directory, string path, int flags, uint mask, byte* status);
}
