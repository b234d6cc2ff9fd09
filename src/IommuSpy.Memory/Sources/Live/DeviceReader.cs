namespace IommuSpy.Memory.Sources.Live;

/// <summary>A run of memory that the kernel reads for us.</summary>
/// <param name="bytes">Reads them; one object for all runs of a source, since pages are kept by it.</param>
/// <param name="start">Where the run begins among them.</param>
/// <remarks>
/// Small reads go through <see cref="RecentPages"/>, for some milliseconds; whatever is a page or more asks the kernel. Nothing else is kept, since memory of a
/// running machine changes.
/// </remarks>
internal sealed class DeviceReader(IDeviceBytes bytes, ulong start) : ISegmentReader
{
    // The kernel copies page by page, and cannot be interrupted meanwhile.
    private const int MostBytes = 1 << 20;
    private const ulong InPage = PageFrame.Size - 1;

    /// <inheritdoc/>
    public void Refresh() => RecentPages.Forget();

    /// <inheritdoc/>
    public int Read(ulong offset, Span<byte> destination)
    {
        int within = (int)((start + offset) & InPage);
        return within + destination.Length <= PageFrame.Size && destination.Length < PageFrame.Size && (ulong)within <= offset
            ? ReadInPage(offset - (ulong)within, within, destination) : ReadThrough(offset, destination);
    }

    private int ReadInPage(ulong page, int within, Span<byte> destination)
    {
        RecentPages recent = RecentPages.OfThread;
        ulong number = (start + page) >> PageFrame.Shift;
        if (recent.TryCopy(bytes, number, within, destination))
        {
            return destination.Length;
        }

        int epoch = RecentPages.Epoch;
        Span<byte> slot = recent.Slot(number);
        if (bytes.Read(start + page, slot) != PageFrame.Size)
        {
            return ReadThrough(page + (ulong)within, destination);
        }

        // From the slot itself: by now what it keeps may be too old to be handed out again.
        slot.Slice(within, destination.Length).CopyTo(destination);
        recent.Keep(bytes, number, epoch);
        return destination.Length;
    }

    private int ReadThrough(ulong offset, Span<byte> destination)
    {
        int done = 0;
        int most = MostBytes;
        while (done < destination.Length)
        {
            int want = Math.Min(most, destination.Length - done);
            int got = bytes.Read(start + offset + (ulong)done, destination.Slice(done, want));
            done += got;
            if (got == want)
            {
                continue;
            }

            // A page that has gone offline or is poisoned fails the whole read: what stands before it is read by itself.
            if (got == 0 && want <= PageFrame.Size)
            {
                break;
            }

            most = got > 0 ? most : (int)(PageFrame.Size - ((start + offset + (ulong)done) & InPage));
        }

        return done;
    }
}
