using System.Runtime.InteropServices;
using IommuSpy.Memory;

namespace IommuSpy.Race;

/// <summary>Reads of whole pages in the order of peers/kdumpread.c.</summary>
internal static class PageReads
{
    /// <summary>Reads every page below an address once.</summary>
    /// <param name="memory">The memory.</param>
    /// <param name="pages">How many there are.</param>
    /// <param name="isRandom">In an order that jumps, rather than one after another.</param>
    /// <returns>The sum of the pages' first words.</returns>
    public static ulong Pass(PhysicalMemory memory, ulong pages, bool isRandom)
    {
        ulong stride = isRandom ? (ulong)(pages * 0.6180339887) | 1 : 1;
        byte[] page = new byte[PageFrame.Size];
        ulong sum = 0;
        for (ulong i = 0; i < pages; i++)
        {
            if (memory.Read(new PageFrame(isRandom ? i * stride % pages : i).Address, page) == page.Length)
            {
                sum += MemoryMarshal.Read<ulong>(page);
            }
        }

        return sum;
    }
}
