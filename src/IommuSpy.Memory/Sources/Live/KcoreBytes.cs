using System.Collections.Concurrent;
using Microsoft.Win32.SafeHandles;

namespace IommuSpy.Memory.Sources.Live;

/// <summary>
/// /proc/kcore by pread, each opened file in the hands of one thread at a time. Kernels from 4.8 to 6.3 copy through a buffer that belongs to the opened file,
/// under a lock that readers share (fs/proc/kcore.c, read_kcore): two threads that read through one get each other's bytes.
/// </summary>
/// <param name="path">The file, for as many more threads as read at once.</param>
/// <param name="first">It, opened.</param>
internal sealed class KcoreBytes(string path, SafeFileHandle first) : IDeviceBytes, IDisposable
{
    private readonly ConcurrentBag<SafeFileHandle> _idle = [first];

    /// <inheritdoc/>
    public int Read(ulong at, Span<byte> destination)
    {
        SafeFileHandle file = Take();
        try
        {
            return RandomAccess.Read(file, destination, (long)at);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
        finally
        {
            _idle.Add(file);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        while (_idle.TryTake(out SafeFileHandle? file))
        {
            file.Dispose();
        }
    }

    private SafeFileHandle Take()
    {
        if (_idle.TryTake(out SafeFileHandle? idle))
        {
            return idle;
        }

        try
        {
            return Opener.Read(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Too many are open: another thread's will be free in a moment.
            SpinWait wait = default;
            while (!_idle.TryTake(out idle))
            {
                wait.SpinOnce();
            }

            return idle;
        }
    }
}
