using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace IommuSpy.Lab.Host;

/// <summary>What .NET cannot do with pipes.</summary>
internal static partial class NamedPipe
{
    private const int SetPipeSize = 1031;
    private const int Size = 1 << 20;

    /// <summary>Lets a writer run a megabyte ahead: QEMU dumps in pieces of a page, and each wait for the reader costs more than the copy.</summary>
    /// <remarks>Best effort: the pipe works at any size.</remarks>
    public static void Enlarge(SafeFileHandle pipe) => _ = FileControl(pipe, SetPipeSize, Size);

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int FileControl(SafeFileHandle file, int command, int argument);
}
