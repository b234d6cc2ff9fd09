using IommuSpy.Memory;

namespace IommuSpy.Testing;

/// <summary>A run of memory whose pages stand in a dictionary by their number; a page that is not there is zero.</summary>
internal sealed class PagesReader(IReadOnlyDictionary<ulong, byte[]> pages, PhysicalAddress start) : ISegmentReader
{
    public int Read(ulong offset, Span<byte> destination)
    {
        destination.Clear();
        int done = 0;
        while (done < destination.Length)
        {
            ulong at = start.Value + offset + (ulong)done;
            int inPage = (int)(at % PageFrame.Size);
            int count = Math.Min(PageFrame.Size - inPage, destination.Length - done);
            if (pages.TryGetValue(at / PageFrame.Size, out byte[]? page))
            {
                page.AsSpan(inPage, count).CopyTo(destination[done..]);
            }

            done += count;
        }

        return done;
    }
}
