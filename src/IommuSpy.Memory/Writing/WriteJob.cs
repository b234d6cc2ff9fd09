using System.Buffers;
using IommuSpy.Memory.Formats.Elf;

namespace IommuSpy.Memory.Writing;

/// <summary>One image on its way into another: what is chosen, where it goes, and what came of it.</summary>
internal sealed class WriteJob(MemoryImage image, PhysicalMemory memory, PageSelection selection, WriteOptions options, IImageOutput output)
{
    private const int ProgressSteps = 200;

    private ulong _unreadable;
    private ulong _taken;
    private int _step = -1;

    /// <summary>The memory that is written.</summary>
    internal PhysicalMemory Memory => memory;

    /// <summary>The pages that are written.</summary>
    internal PageSelection Selection => selection;

    /// <summary>How.</summary>
    internal WriteOptions Options => options;

    /// <summary>Which machine the memory is of; null where nobody says.</summary>
    internal ImageMachine? Machine => options.Machine ?? image.Machine;

    /// <summary>What is written to.</summary>
    internal IImageOutput Output => output;

    /// <summary>The notes that go along.</summary>
    internal IReadOnlyList<ElfNote> Notes => options.Notes ?? image.Notes;

    /// <summary>
    /// The kinds of pages that the written image lacks, as makedumpfile -d counts them: what was asked to be left out, and what the source lacks. 0 where that
    /// is not known, so that nobody takes them for zeros.
    /// </summary>
    internal int DumpLevel
    {
        get
        {
            int asked = (options.Filter?.DumpLevel ?? 0) | (options.ExcludeZero ? DumpLevelNote.ZeroPagesOnly : 0);
            return selection.Missing == 0 ? asked : image.DumpLevel is int level and > DumpLevelNote.ZeroPagesOnly ? asked | level : 0;
        }
    }

    /// <summary>What was written.</summary>
    internal WriteResult Result =>
        new(memory.ByteCount >> PageFrame.Shift, selection.Kept, selection.Excluded, selection.Missing, _unreadable, output.BytesWritten);

    /// <summary>Reads each kept run in pieces, works on them on all cores and takes the results in order.</summary>
    /// <param name="chunkBytes">The most that a piece has.</param>
    /// <param name="work">What is done with a piece.</param>
    /// <param name="take">What is done with the result.</param>
    internal void Run<TResult>(int chunkBytes, Func<Chunk, TResult> work, Action<TResult> take)
    {
        ulong taken = 0;
        OrderedPipeline.Run(
            Pieces(chunkBytes),
            piece =>
            {
                using Chunk chunk = Read(piece.Range, piece.IsSkipped);
                return (Result: work(chunk), piece.Range.Length);
            },
            worked =>
            {
                take(worked.Result);
                taken += worked.Length;
                options.Taken?.Invoke(taken);
                Report(worked.Length);
            });
    }

    // A piece that the output has already is handed on unread: what the writer makes of it is as long as it was, and is not written.
    private IEnumerable<(PhysicalRange Range, bool IsSkipped)> Pieces(int chunkBytes)
    {
        ulong before = 0;
        foreach (PhysicalRange range in PageSelection.Chunks(selection.Runs, chunkBytes))
        {
            before += range.Length;
            yield return (range, before <= options.SkippedBytes);
        }
    }

    private Chunk Read(PhysicalRange range, bool isSkipped)
    {
        byte[] bytes = ArrayPool<byte>.Shared.Rent((int)range.Length);
        Span<byte> destination = bytes.AsSpan(0, (int)range.Length);
        HashSet<int>? unreadable = null;
        if (isSkipped)
        {
            return new(range, bytes, unreadable);
        }

        for (int done = memory.Read(range.Start, destination); done < destination.Length;)
        {
            // It stopped at a page that does not decode.
            int page = done / PageFrame.Size;
            (unreadable ??= []).Add(page);
            destination.Slice(page * PageFrame.Size, PageFrame.Size).Clear();
            done = (page + 1) * PageFrame.Size;
            done += done < destination.Length ? memory.Read(range.Start + (ulong)done, destination[done..]) : 0;
        }

        if (unreadable is not null)
        {
            Interlocked.Add(ref _unreadable, (ulong)unreadable.Count);
        }

        return new(range, bytes, unreadable);
    }

    private void Report(ulong bytes)
    {
        _taken += bytes >> PageFrame.Shift;
        int step = (int)(_taken * ProgressSteps / Math.Max(1, selection.Kept));
        if (step != _step)
        {
            _step = step;
            options.Progress?.Invoke((double)step / ProgressSteps);
        }
    }

    /// <summary>A piece of memory that was read.</summary>
    internal sealed class Chunk(PhysicalRange range, byte[] rented, HashSet<int>? unreadable) : IDisposable
    {
        /// <summary>The addresses of the chunk.</summary>
        internal PhysicalRange Range => range;

        /// <summary>Its bytes; zeros where a page could not be read.</summary>
        internal ReadOnlySpan<byte> Bytes => rented.AsSpan(0, (int)range.Length);

        /// <summary>Whether its n-th page could not be read.</summary>
        internal bool IsUnreadable(int page) => unreadable?.Contains(page) == true;

        /// <inheritdoc/>
        public void Dispose() => ArrayPool<byte>.Shared.Return(rented);
    }
}
