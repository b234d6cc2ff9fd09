using System.Runtime.InteropServices;
using IommuSpy.Memory;

namespace IommuSpy.EndToEnd.Tests.Peers;

/// <summary>A hash of each page of an image, ours and (kdump-pages.c) libkdumpfile's.</summary>
internal static class PageHashes
{
    private const ulong HashStart = 0xcbf2_9ce4_8422_2325;
    private const ulong HashPrime = 0x100_0000_01b3;

    /// <summary>Builds libkdumpfile's side.</summary>
    /// <returns>The program's path.</returns>
    internal static string BuildReader(string directory)
    {
        string reader = Path.Combine(directory, "kdump-pages");
        HostTool.Run("gcc", "-O2", "-Wall", "-Werror", "-o", reader, Path.Combine(AppContext.BaseDirectory, "Peers", "kdump-pages.c"), "-lkdumpfile");
        return reader;
    }

    /// <summary>Our side: for each page of the first <paramref name="bytes"/> of physical memory its hash, or 0 where it cannot be read.</summary>
    internal static ulong[] Of(string path, ulong bytes)
    {
        using MemoryImage image = MemoryImage.Open(path);
        PhysicalMemory memory = image.Layouts[0].Memory;
        ulong[] words = new ulong[PageFrame.Size / sizeof(ulong)];
        ulong[] hashes = new ulong[bytes / PageFrame.Size];
        for (int page = 0; page < hashes.Length; page++)
        {
            if (memory.Read(new((ulong)page << PageFrame.Shift), MemoryMarshal.AsBytes(words.AsSpan())) == PageFrame.Size)
            {
                hashes[page] = words.Aggregate(HashStart, (hash, word) => (hash ^ word) * HashPrime);
            }
        }

        Assert.Contains(hashes, hash => hash != 0);
        return hashes;
    }
}
