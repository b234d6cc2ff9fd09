namespace IommuSpy.Memory.Writing;

/// <summary>The pages that a written image has: whole pages of the source's memory, but for those that it lacks and those that are left out.</summary>
internal sealed class PageSelection
{
    private const int ChunkBytes = 4 << 20;

    private PageSelection(List<PhysicalRange> memory, List<PhysicalRange> runs)
    {
        Memory = memory;
        Runs = runs;
        Kept = runs.Aggregate(0UL, (sum, run) => sum + (run.Length >> PageFrame.Shift));
    }

    /// <summary>The source's memory in whole pages, in order, apart: what is kept and what is not.</summary>
    internal List<PhysicalRange> Memory { get; }

    /// <summary>Runs of kept pages, in order, apart.</summary>
    internal List<PhysicalRange> Runs { get; }

    /// <summary>How many pages are kept.</summary>
    internal ulong Kept { get; }

    /// <summary>How many the source has no bytes for.</summary>
    internal ulong Missing { get; private init; }

    /// <summary>How many are left out because that was asked for.</summary>
    internal ulong Excluded { get; private init; }

    /// <summary>Chooses which pages are written.</summary>
    internal static PageSelection Of(PhysicalMemory memory, WriteOptions options)
    {
        List<PhysicalRange> whole = [.. WholePages(memory)];
        List<PhysicalRange> runs = [];
        ulong missing = 0;
        ulong excluded = 0;
        bool isWhole = memory.ExcludedBytes == 0 && memory.LostBytes == 0;
        if (isWhole && options.Filter is null && !options.ExcludeZero)
        {
            return new(whole, whole);
        }

        IReadOnlyList<PhysicalRange> data = memory.DataRanges;
        OrderedPipeline.Run(
            Chunks(whole, ChunkBytes),
            chunk => Choose(memory, chunk, options, data),
            chosen =>
            {
                chosen.Runs.ForEach(run => Add(runs, run));
                missing += chosen.Missing;
                excluded += chosen.Excluded;
            });
        return new(whole, runs) { Missing = missing, Excluded = excluded };
    }

    /// <summary>
    /// All of memory as runs of kept pages, in order, each with the bytes of pages that follow it and are not kept. Where memory begins with such pages, its
    /// first run is empty.
    /// </summary>
    internal IEnumerable<(PhysicalRange Run, ulong NotKept)> Parts()
    {
        int next = 0;
        foreach (PhysicalRange memory in Memory)
        {
            ulong end = memory.Start.Value + memory.Length;
            PhysicalRange run = new(memory.Start, 0);
            for (; next < Runs.Count && Runs[next].Start.Value < end; next++)
            {
                if (Runs[next].Start.Value > run.Start.Value + run.Length || run.Length > 0)
                {
                    yield return (run, Runs[next].Start.Value - (run.Start.Value + run.Length));
                }

                run = Runs[next];
            }

            yield return (run, end - (run.Start.Value + run.Length));
        }
    }

    /// <summary>Runs cut into pieces of at most <paramref name="bytes"/>, which begin at multiples of it.</summary>
    internal static IEnumerable<PhysicalRange> Chunks(IEnumerable<PhysicalRange> runs, int bytes)
    {
        foreach (PhysicalRange run in runs)
        {
            for (ulong done = 0; done < run.Length;)
            {
                ulong at = run.Start.Value + done;
                ulong length = Math.Min((ulong)bytes - (at % (ulong)bytes), run.Length - done);
                yield return new(new(at), length);
                done += length;
            }
        }
    }

    // Ranges end inside a page in damaged or odd images alone; a dump is of pages.
    private static IEnumerable<PhysicalRange> WholePages(PhysicalMemory memory)
    {
        foreach (PhysicalRange range in memory.Ranges)
        {
            ulong start = (range.Start.Value + PageFrame.Size - 1) & ~(ulong)(PageFrame.Size - 1);
            ulong end = (range.Last.Value + 1) & ~(ulong)(PageFrame.Size - 1);
            if (range.Last.Value != ulong.MaxValue && end > start)
            {
                yield return new(new(start), end - start);
            }
        }
    }

    private static (List<PhysicalRange> Runs, ulong Missing, ulong Excluded) Choose(
        PhysicalMemory memory, PhysicalRange chunk, WriteOptions options, IReadOnlyList<PhysicalRange> data)
    {
        List<PhysicalRange> runs = [];
        ulong missing = 0;
        ulong excluded = 0;
        byte[] page = new byte[PageFrame.Size];
        int next = FirstEndingAfter(data, chunk.Start);
        for (ulong done = 0; done < chunk.Length; done += PageFrame.Size)
        {
            PhysicalAddress at = chunk.Start + done;
            while (next < data.Count && data[next].Last.CompareTo(at) < 0)
            {
                next++;
            }

            // A page of which the source has a part only is none of a dump.
            if (!memory.Contains(at) || !memory.Contains(at + (PageFrame.Size - 1)))
            {
                missing++;
            }
            else if (options.Filter?.Keeps(at.Frame) == false || (options.ExcludeZero && IsZero(at, next)))
            {
                excluded++;
            }
            else
            {
                Add(runs, new(at, PageFrame.Size));
            }
        }

        return (runs, missing, excluded);

        // What is not among the data is zero without a look.
        bool IsZero(PhysicalAddress at, int index) =>
            index == data.Count || data[index].Start.Value >= at.Value + PageFrame.Size
            || (memory.TryGet(at, page, out ReadOnlySpan<byte> bytes) && !bytes.ContainsAnyExcept((byte)0));
    }

    private static int FirstEndingAfter(IReadOnlyList<PhysicalRange> ranges, PhysicalAddress address)
    {
        int low = 0;
        int high = ranges.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (ranges[middle].Last.CompareTo(address) >= 0)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return low;
    }

    private static void Add(List<PhysicalRange> runs, PhysicalRange range)
    {
        if (runs.Count > 0 && runs[^1].Start.Value + runs[^1].Length == range.Start.Value)
        {
            runs[^1] = runs[^1] with { Length = runs[^1].Length + range.Length };
        }
        else
        {
            runs.Add(range);
        }
    }
}
