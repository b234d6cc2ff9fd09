using System.Buffers;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Discovery;

/// <summary>Physical memory in pieces of whole pages, which several threads search.</summary>
internal static class PageChunks
{
    private const int ChunkBytes = 4 << 20;

    /// <summary>The pieces of all that has data, in memory order.</summary>
    public static IEnumerable<PhysicalRange> Of(PhysicalMemory memory)
    {
        foreach (PhysicalRange range in memory.DataRanges)
        {
            ulong first = (range.Start.Value + PageFrame.Size - 1) & ~(ulong)(PageFrame.Size - 1);
            ulong end = (range.Start.Value + range.Length) & ~(ulong)(PageFrame.Size - 1);
            for (ulong at = first; at < end; at += ChunkBytes)
            {
                yield return new(new(at), Math.Min(ChunkBytes, end - at));
            }
        }
    }

    /// <summary>Searches the bytes of a piece. A page that cannot be read is zeros.</summary>
    public static TFound Search<TFound>(PhysicalMemory memory, PhysicalRange chunk, Func<ReadOnlySpan<byte>, TFound> search)
    {
        int length = (int)chunk.Length;
        if (memory.TryGetSpan(chunk.Start, length, out ReadOnlySpan<byte> bytes))
        {
            return search(bytes);
        }

        byte[] rented = ArrayPool<byte>.Shared.Rent(length);
        memory.ReadSparsely(chunk.Start, rented.AsSpan(0, length));
        TFound found = search(rented.AsSpan(0, length));
        ArrayPool<byte>.Shared.Return(rented);
        return found;
    }
}
