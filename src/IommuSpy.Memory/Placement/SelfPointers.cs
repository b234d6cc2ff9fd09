using System.Runtime.InteropServices;

namespace IommuSpy.Memory.Placement;

/// <summary>
/// What a block says of its own address: an empty list of the kernel's is two pointers to itself (struct list_head), and in the direct map a pointer is the
/// physical address and one number for the whole machine. Every node, zone, slab cache and inode has such lists.
/// </summary>
internal static class SelfPointers
{
    // The kernel's half, below the mapping of its image, whose lists are not in the direct map.
    private const ulong KernelHalf = 0xff00_0000_0000_0000;
    private const ulong ImageMap = 0xffff_ffff_8000_0000;
    private const int Fewest = 8;
    private const int Most = 16;

    // Of a block with more data, some pages tell as much.
    private const ulong MostRead = 1UL << 30;

    /// <summary>
    /// By how much pointers to themselves exceed their offset in the block, and how many there are of each distance, most first. Lists of pages and of vmalloc
    /// space are among them.
    /// </summary>
    internal static IReadOnlyList<(ulong Distance, int Count)> In(MemoryBlock block)
    {
        Dictionary<ulong, int> counts = [];
        Span<ulong> words = stackalloc ulong[PageFrame.Size / sizeof(ulong)];
        FileExtent[] data = [.. block.Data];
        ulong step = PageFrame.Size * (1 + (data.Aggregate(0UL, (sum, extent) => sum + extent.Length) / MostRead));
        foreach (FileExtent extent in data)
        {
            for (ulong page = extent.Offset & ~(ulong)(PageFrame.Size - 1); page < Math.Min(extent.End, block.Length); page += step)
            {
                if (block.Read(page, MemoryMarshal.AsBytes(words)) != PageFrame.Size)
                {
                    continue;
                }

                for (int i = 0; i < words.Length - 1; i++)
                {
                    ulong word = words[i];
                    if (word == words[i + 1] && word is >= KernelHalf and < ImageMap && (word & (PageFrame.Size - 1)) == (ulong)i * sizeof(ulong))
                    {
                        ulong distance = (word & ~(ulong)(PageFrame.Size - 1)) - page;
                        CollectionsMarshal.GetValueRefOrAddDefault(counts, distance, out _)++;
                    }
                }
            }
        }

        return
        [
            .. counts.Where(pair => pair.Value >= Fewest).OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key).Take(Most)
                .Select(pair => (pair.Key, pair.Value)),
        ];
    }
}
