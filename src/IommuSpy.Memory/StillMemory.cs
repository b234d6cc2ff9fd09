using System.Collections.Concurrent;

namespace IommuSpy.Memory;

/// <summary>A run of memory that changes, as it was when each page of it was first asked for.</summary>
/// <param name="memory">The memory.</param>
/// <param name="start">Where the run begins.</param>
/// <param name="kept">The pages that all runs keep, by number.</param>
internal sealed class StillMemory(PhysicalMemory memory, PhysicalAddress start, ConcurrentDictionary<ulong, byte[]> kept) : ISegmentReader
{
    // 256 MiB of our own memory. What comes after is read and not kept.
    private const int MostPages = 1 << 16;

    /// <inheritdoc/>
    public bool Holds(ulong offset) => memory.Contains(start + offset);

    /// <inheritdoc/>
    public int Read(ulong offset, Span<byte> destination)
    {
        int done = 0;
        while (done < destination.Length)
        {
            ulong at = start.Value + offset + (ulong)done;
            int within = (int)(at & (PageFrame.Size - 1));
            int want = Math.Min(destination.Length - done, PageFrame.Size - within);
            Span<byte> part = destination.Slice(done, want);
            int got = at - (ulong)within < start.Value ? memory.Read(new(at), part) : Copy(at - (ulong)within, within, part);
            done += got;
            if (got < want)
            {
                break;
            }
        }

        return done;
    }

    private int Copy(ulong pageAt, int within, Span<byte> destination)
    {
        byte[] page = Page(pageAt);
        int got = Math.Clamp(page.Length - within, 0, destination.Length);
        page.AsSpan(Math.Min(within, page.Length), got).CopyTo(destination);
        return got;
    }

    private byte[] Page(ulong at)
    {
        ulong number = at >> PageFrame.Shift;
        if (kept.TryGetValue(number, out byte[]? known))
        {
            return known;
        }

        byte[] page = new byte[PageFrame.Size];
        int length = memory.Read(new(at), page);
        page = length < page.Length ? page[..length] : page;
        return kept.Count < MostPages ? kept.GetOrAdd(number, page) : page;
    }
}
