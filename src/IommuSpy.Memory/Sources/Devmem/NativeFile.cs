using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace IommuSpy.Memory.Sources.Devmem;

/// <summary>
/// What .NET's files cannot do with /dev/mem: O_SYNC as the kernel means it there (uncached), offsets beyond 2^63, mappings, and errors by number.
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

    private const int ReadWriteFlag = 2;
    private const int CloseOnExec = 0x80000;
    private const int Synchronous = 0x101000;

    private const int ProtectRead = 1;
    private const int ProtectWrite = 2;
    private const int MapShared = 1;

    /// <summary>Opens a file; null, and the error's number, where that fails.</summary>
    /// <param name="path">The file.</param>
    /// <param name="writable">For writing too.</param>
    /// <param name="uncached">O_SYNC: /dev/mem then maps without caching (drivers/char/mem.c, phys_mem_access_prot).</param>
    /// <param name="error">The error's number; 0 where there is none.</param>
    internal static SafeFileHandle? Open(string path, bool writable, bool uncached, out int error)
    {
        int descriptor = OpenFile(path, (writable ? ReadWriteFlag : 0) | (uncached ? Synchronous : 0) | CloseOnExec);
        error = descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;
        return descriptor < 0 ? null : new(descriptor, ownsHandle: true);
    }

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

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    private static partial long ReadAt(SafeFileHandle file, byte* buffer, nuint count, long offset);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint MapPages(nint address, nuint length, int protection, int flags, SafeFileHandle file, long offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int UnmapPages(nint address, nuint length);
}
