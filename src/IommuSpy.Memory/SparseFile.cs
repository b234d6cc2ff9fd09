using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace IommuSpy.Memory;

/// <summary>Where a file has data and where it has holes (lseek(2), SEEK_DATA and SEEK_HOLE).</summary>
internal static partial class SparseFile
{
    private const int SeekData = 3;
    private const int SeekHole = 4;
    private const int NoMoreData = 6; // ENXIO

    // A file of alternating 4 KiB holes would give millions of extents: past this many the rest counts as data.
    private const int MaxExtents = 65_536;

    /// <summary>The parts of the file that hold data, in order. One extent, the whole file, where the file system does not say.</summary>
    internal static FileExtent[] DataExtents(SafeFileHandle handle, long length)
    {
        if (!OperatingSystem.IsLinux())
        {
            return [new(0, (ulong)length)];
        }

        List<FileExtent> extents = [];
        long position = 0;
        while (position < length)
        {
            long data = Seek(handle, position, SeekData);
            if (data < 0)
            {
                if (Marshal.GetLastPInvokeError() != NoMoreData)
                {
                    // Not told where the data is (at the start: not supported), so all of the rest may be data.
                    extents.Add(new((ulong)position, (ulong)(length - position)));
                }

                break;
            }

            long hole = Seek(handle, data, SeekHole);
            if (hole <= data || extents.Count == MaxExtents)
            {
                hole = length;
            }

            extents.Add(new((ulong)data, (ulong)(hole - data)));
            position = hole;
        }

        return [.. extents];
    }

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    private static partial long Seek(SafeFileHandle handle, long offset, int whence);
}
