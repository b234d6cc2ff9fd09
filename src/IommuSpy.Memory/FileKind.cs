using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace IommuSpy.Memory;

/// <summary>What a path names, or a file that is open is (statx(2)).</summary>
public static unsafe partial class FileKind
{
    private const int CurrentDirectory = -100; // AT_FDCWD
    private const int EmptyPath = 0x1000; // AT_EMPTY_PATH
    private const int NoFollow = 0x100; // AT_SYMLINK_NOFOLLOW
    private const uint TypeWanted = 1; // STATX_TYPE
    private const uint BasicWanted = 0x7ff; // STATX_BASIC_STATS
    private const int OwnerOffset = 20; // stx_uid
    private const int InodeOffset = 32; // stx_ino
    private const int ChangeOffset = 96; // stx_ctime
    private const int DeviceOffset = 136; // stx_dev_major, stx_dev_minor
    private const int StatxBytes = 256;
    private const int ModeOffset = 28; // stx_mode

    /// <summary>Null for a regular file and where the system does not say; else the kind, with its article.</summary>
    /// <param name="path">The path; links are followed.</param>
    public static string? Of(string path) => Of(CurrentDirectory, path, 0);

    /// <summary>The same of a file that is open.</summary>
    /// <param name="file">The file.</param>
    internal static string? Of(SafeFileHandle file) => Of((int)file.DangerousGetHandle(), "", EmptyPath);

    /// <summary>
    /// Which file a path names, links followed: its device, inode, owner and last change of either (which no program can set); null where there is none.
    /// </summary>
    /// <param name="path">The path.</param>
    /// <param name="follow">Whether a link stands for what it leads to.</param>
    internal static FileStatus? StatusOf(string path, bool follow = true)
    {
        byte* status = stackalloc byte[StatxBytes];
        return !OperatingSystem.IsLinux() || Statx(CurrentDirectory, path, follow ? 0 : NoFollow, BasicWanted, status) != 0 ? null
            : new(*(ulong*)(status + DeviceOffset), *(ulong*)(status + InodeOffset), *(uint*)(status + OwnerOffset), *(ushort*)(status + ModeOffset),
                *(long*)(status + ChangeOffset), *(uint*)(status + ChangeOffset + sizeof(long)));
    }

    private static string? Of(int directory, string path, int flags)
    {
        byte* status = stackalloc byte[StatxBytes];
        if (!OperatingSystem.IsLinux() || Statx(directory, path, flags, TypeWanted, status) != 0)
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
