using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace IommuSpy.Linux.Tracing;

/// <summary>A trace_pipe that is read without waiting, which .NET's files cannot.</summary>
internal static unsafe partial class TracePipe
{
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;

    internal static SafeFileHandle? Open(string path)
    {
        int descriptor = OpenFile(path, NonBlocking | CloseOnExec);
        return descriptor < 0 ? null : new(descriptor, ownsHandle: true);
    }

    /// <summary>Bytes read; 0 or less where there are none now.</summary>
    internal static int Read(SafeFileHandle file, Span<byte> destination)
    {
        fixed (byte* bytes = destination)
        {
            return (int)ReadSome(file, bytes, (nuint)destination.Length);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags);

    [LibraryImport("libc", EntryPoint = "read")]
    private static partial nint ReadSome(SafeFileHandle file, byte* buffer, nuint count);
}
