using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace IommuSpy.Linux.Tracing;

/// <summary>A trace_pipe that is read without waiting, which .NET's files cannot.</summary>
internal static unsafe partial class TracePipe
{
    /// <summary>Bytes read; 0 or less where there are none now.</summary>
    internal static int Read(SafeFileHandle file, Span<byte> destination)
    {
        fixed (byte* bytes = destination)
        {
            return (int)ReadSome(file, bytes, (nuint)destination.Length);
        }
    }

    [LibraryImport("libc", EntryPoint = "read")]
    private static partial nint ReadSome(SafeFileHandle file, byte* buffer, nuint count);
}
