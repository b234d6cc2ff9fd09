namespace IommuSpy.Memory.Formats.Savevm;

/// <summary>A run of memory out of a block of a saved state.</summary>
internal sealed class RamBlockSegment(ImageFile file, RamBlock block, ulong start) : ISegmentReader
{
    /// <inheritdoc/>
    public bool Holds(ulong offset) => block.Has((start + offset) >> PageFrame.Shift);

    /// <inheritdoc/>
    public int Read(ulong offset, Span<byte> destination)
    {
        int done = 0;
        while (done < destination.Length)
        {
            ulong at = start + offset + (ulong)done;
            ulong page = at >> PageFrame.Shift;
            int within = (int)(at & (PageFrame.Size - 1));
            Span<byte> part = destination.Slice(done, Math.Min(PageFrame.Size - within, destination.Length - done));
            if (!block.Has(page))
            {
                break;
            }

            (ulong? stored, byte fill) = block[page];
            if (stored is not ulong place)
            {
                part.Fill(fill);
            }
            else if (file.Read(place + (ulong)within, part) != part.Length)
            {
                break;
            }

            done += part.Length;
        }

        return done;
    }
}
