using Microsoft.Win32.SafeHandles;

namespace IommuSpy.Memory.Sources.Live;

/// <summary>Bytes of a device file that is read by pread.</summary>
internal sealed class FileBytes(SafeFileHandle file) : IDeviceBytes
{
    /// <inheritdoc/>
    public int Read(ulong at, Span<byte> destination)
    {
        try
        {
            return RandomAccess.Read(file, destination, (long)at);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }
}
