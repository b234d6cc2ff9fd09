using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace IommuSpy.Memory.Sources.Devmem;

/// <summary>
/// What .NET's files cannot do with /dev/mem: offsets beyond 2^63, mappings, and errors by number.
/// </summary>
internal static unsafe partial class NativeFile
{
    internal const int NotPermitted = 1; // EPERM
    internal const int NoEntry = 2; // ENOENT
    internal const int Interrupted = 4; // EINTR
    internal const int NoDevice = 6; // ENXIO
    internal const int TryAgain = 11; // EAGAIN
    internal const int AccessDenied = 13; // EACCES
    internal const int BadAddress = 14; // EFAULT
    internal const int InvalidArgument = 22; // EINVAL

    private const int ProtectRead = 1;
    private const int ProtectWrite = 2;
    private const int MapShared = 1;

    /// <summary>Reads at an offset: the bytes read, or minus the error's number.</summary>
    internal static long Read(SafeFileHandle file, Span<byte> destination, ulong offset)
    {
        fixed (byte* bytes = destination)
        {
            long read;
            int error = 0;
            do
            {
                read = ReadAt(file, bytes, (nuint)destination.Length, (long)offset);
                error = read < 0 ? Marshal.GetLastPInvokeError() : 0;
            }
            while (error == Interrupted);
            return read < 0 ? -error : read;
        }
    }

    /// <summary>Maps whole pages; null, and the error's number, where that fails.</summary>
    internal static byte* Map(SafeFileHandle file, ulong offset, ulong length, bool writable, out int error)
    {
        nint at = MapPages(0, (nuint)length, ProtectRead | (writable ? ProtectWrite : 0), MapShared, file, (long)offset);
        error = at == -1 ? Marshal.GetLastPInvokeError() : 0;
        return at == -1 ? null : (byte*)at;
    }

    /// <summary>Takes a mapping away.</summary>
    internal static void Unmap(byte* at, ulong length) => _ = UnmapPages((nint)at, (nuint)length);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    private static partial long ReadAt(SafeFileHandle file, byte* buffer, nuint count, long offset);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint MapPages(nint address, nuint length, int protection, int flags, SafeFileHandle file, long offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int UnmapPages(nint address, nuint length);
}
