using IommuSpy.Memory;

namespace IommuSpy.Linux.VmCoreInfo;

/// <summary>Searches all of physical memory for VMCOREINFO notes.</summary>
internal static class VmCoreInfoScan
{
    private const int ChunkBytes = 16 << 20;

    /// <summary>Every note that parses, in memory order. Another kernel's may be among them.</summary>
    public static IEnumerable<VmCoreInfoNote> FindAll(PhysicalMemory memory)
    {
        // A note that begins in one chunk may end in the next.
        byte[] chunk = new byte[ChunkBytes + VmCoreInfoNote.MaximumLength];
        foreach (PhysicalRange range in memory.DataRanges)
        {
            for (ulong at = 0; at < range.Length; at += ChunkBytes)
            {
                int length = (int)Math.Min((ulong)chunk.Length, range.Length - at);
                memory.ReadSparsely(range.Start + at, chunk.AsSpan(0, length));
                foreach (VmCoreInfoLocation location in VmCoreInfoNote.FindAll(chunk.AsSpan(0, length)))
                {
                    if (location.Offset < ChunkBytes
                        && VmCoreInfoNote.TryParse(chunk.AsSpan(location.TextOffset, location.TextLength), out VmCoreInfoNote? note))
                    {
                        yield return note;
                    }
                }
            }
        }
    }
}
