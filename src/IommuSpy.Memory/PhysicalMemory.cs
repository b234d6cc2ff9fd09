using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using IommuSpy.Memory.Views;

namespace IommuSpy.Memory;

/// <summary>
/// The physical memory of one machine: runs of bytes by physical address, with gaps. Reads never throw for an address that is not there:
/// foreign tables point anywhere. Safe to share between threads.
/// </summary>
public sealed unsafe class PhysicalMemory
{
    private readonly MemorySegment[] _segments;
    private readonly Lazy<IReadOnlyList<PhysicalRange>> _dataRanges;

    /// <summary>Memory made of <paramref name="segments"/>.</summary>
    /// <exception cref="MemoryImageException">Two segments hold the same address, or one passes the end of the address space.</exception>
    public PhysicalMemory(IEnumerable<MemorySegment> segments)
        : this(segments, isView: false)
    {
    }

    // A view shows bytes of an image that was counted already, and how large it is may be an attacker's word.
    private PhysicalMemory(IEnumerable<MemorySegment> segments, bool isView)
    {
        _segments = [.. segments.OrderBy(s => s.Start)];
        for (int i = 0; i < _segments.Length; i++)
        {
            ref MemorySegment segment = ref _segments[i];
            if (segment.Length == 0 || segment.Start > ulong.MaxValue - (segment.Length - 1))
            {
                throw new MemoryImageException($"memory range at 0x{segment.Start:x} of 0x{segment.Length:x} bytes passes the end of the address space");
            }

            if (i > 0 && segment.Start - _segments[i - 1].Start < _segments[i - 1].Length)
            {
                throw new MemoryImageException($"memory ranges {_segments[i - 1].Range} and {segment.Range} overlap");
            }
        }

        Ranges = Merge(_segments);
        _dataRanges = new(() => FindDataRanges is null ? Ranges : ToPages(FindDataRanges()));
        ByteCount = _segments.Aggregate(0UL, (sum, s) => sum + s.Length);
        if (!isView)
        {
            WorkBudget.OfProcess.Admit(ByteCount);
        }
    }

    /// <summary>The memory of an image: what is wrong with its ranges is said of the file.</summary>
    internal static PhysicalMemory Of(
        ImageFile file, string format, IEnumerable<MemorySegment> segments, IEnumerable<PhysicalRange> data, ulong lostBytes, ulong excludedBytes = 0)
    {
        try
        {
            return new(segments) { DataRanges = [.. data.OrderBy(range => range.Start)], LostBytes = lostBytes, ExcludedBytes = excludedBytes };
        }
        catch (MemoryImageException e)
        {
            throw new MemoryImageException($"{file.Path}: {format} whose {e.Message}", e);
        }
    }

    /// <summary>
    /// Memory whose bytes are those of another one, in pieces: a virtual machine's. What of the other memory is mapped is mapped here, too.
    /// </summary>
    /// <param name="other">The other memory, which has to stay open.</param>
    /// <param name="pieces">The pieces; none overlaps another.</param>
    /// <exception cref="MemoryImageException">Two of them hold the same address, or one passes the end of the address space.</exception>
    public static PhysicalMemory Of(PhysicalMemory other, IReadOnlyList<MemoryPiece> pieces)
    {
        ArgumentNullException.ThrowIfNull(other);
        ArgumentNullException.ThrowIfNull(pieces);
        Dictionary<string, AbsentReader> absent = new(StringComparer.Ordinal);
        return new(pieces.Select(Segment), isView: true)
        {
            DataRanges = [.. pieces.Where(piece => piece.Source is not null).Select(piece => piece.Range).OrderBy(range => range.Start)],
            LostBytes = pieces.Aggregate(0UL, (sum, piece) => piece.Source is null && !piece.IsZeros ? sum + piece.Range.Length : sum),
            Budget = other.Budget,
            Changes = other.Changes,
        };

        MemorySegment Segment(MemoryPiece piece)
        {
            if (piece.Source is not PhysicalAddress source)
            {
                return MemorySegment.Behind(piece.Absence is not string why ? ZeroReader.Instance
                    : absent.TryGetValue(why, out AbsentReader? known) ? known : absent[why] = new(why), piece.Range);
            }

            if (other.Find(source.Value) is int i and >= 0 && other._segments[i] is { Mapped: not null } holder
                && holder.Length - (source.Value - holder.Start) >= piece.Range.Length)
            {
                return MemorySegment.At(holder.Mapped + (source.Value - holder.Start), piece.Range);
            }

            return MemorySegment.Behind(new PieceReader(other, source), piece.Range);
        }
    }

    /// <summary>Memory that shows another one's bytes at other addresses; it brings no work of its own to the budget.</summary>
    /// <param name="segments">Its segments.</param>
    /// <exception cref="MemoryImageException">Two segments hold the same address, or one passes the end of the address space.</exception>
    public static PhysicalMemory View(IEnumerable<MemorySegment> segments) => new(segments, isView: true);

    /// <summary>The runs of memory there are, in order, touching ones merged.</summary>
    public IReadOnlyList<PhysicalRange> Ranges { get; }

    /// <summary>
    /// The parts of <see cref="Ranges"/> that can hold anything but zeros, in order: what a scan has to read. Holes of sparse files, zero pages of compressed
    /// dumps and pages that a dump left out are not among them; all of these bytes can be read. They begin and end with pages, as far as memory does: where a
    /// file's holes begin inside a page, the whole page is among them.
    /// </summary>
    public IReadOnlyList<PhysicalRange> DataRanges
    {
        get => _dataRanges.Value;
        init => _dataRanges = new(() => ToPages(value));
    }

    /// <summary>Finds <see cref="DataRanges"/> when they are asked for.</summary>
    internal Func<IReadOnlyList<PhysicalRange>>? FindDataRanges { get; init; }

    /// <summary>How much work may be done where what this memory points at is followed.</summary>
    public WorkBudget Budget { get; init; } = WorkBudget.OfProcess;

    /// <summary>Bytes of memory, with those that the image leaves out.</summary>
    public ulong ByteCount { get; }

    /// <summary>
    /// Bytes of <see cref="ByteCount"/> that were left out on purpose when the image was made (makedumpfile -d): they are memory, and cannot be read.
    /// <see cref="Excludes"/> says which.
    /// </summary>
    public ulong ExcludedBytes { get; init; }

    /// <summary>Bytes of <see cref="ByteCount"/> that should be in the image and are not: it is cut off, or was never finished.</summary>
    public ulong LostBytes { get; init; }

    /// <summary>Whether the image holds the byte at <paramref name="address"/>.</summary>
    public bool Contains(PhysicalAddress address)
    {
        int i = Find(address.Value);
        return i >= 0 && (_segments[i].Reader is not ISegmentReader reader || reader.Holds(address.Value - _segments[i].Start));
    }

    /// <summary>Whether the byte at <paramref name="address"/> was left out on purpose when the image was made: what it was is not known.</summary>
    public bool Excludes(PhysicalAddress address)
    {
        int i = Find(address.Value);
        return i >= 0 && _segments[i].Reader?.Excludes(address.Value - _segments[i].Start) == true;
    }

    /// <summary>Whether <paramref name="address"/> is memory of the machine, be it in the image or left out of it.</summary>
    public bool IsMemory(PhysicalAddress address) => Find(address.Value) >= 0;

    /// <summary>Why the image lacks the byte of an address, to stand behind "is": "left out of the image when it was made"; null where it has it.</summary>
    public string? AbsenceOf(PhysicalAddress address) => Contains(address) ? null
        : WhyAbsent(address) is string why ? why
        : Excludes(address) ? "left out of the image when it was made"
        : IsMemory(address) ? "lost: the image should have it and does not"
        : "not in the image";

    /// <summary>Why a byte could not be read, in words to stand behind "is": its absence, or that what the image stores of it is damaged.</summary>
    public string WhyUnread(PhysicalAddress address) => AbsenceOf(address) ?? "in the image, but what is stored of it cannot be decoded";

    /// <summary>Reads the 8 bytes at <paramref name="address"/>, little-endian.</summary>
    /// <returns>False where the image lacks one of them.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryRead(PhysicalAddress address, out ulong value)
    {
        MemorySegment[] segments = _segments;
        for (int i = 0; i < segments.Length; i++)
        {
            ref MemorySegment segment = ref segments[i];
            ulong offset = address.Value - segment.Start;
            if (offset < segment.Length && segment.Length - offset >= sizeof(ulong) && segment.Mapped != null)
            {
                value = Unsafe.ReadUnaligned<ulong>(segment.Mapped + offset);
                return true;
            }

            // Machines have a handful of runs of memory; a dump with many is searched by halves.
            if (i == 3)
            {
                break;
            }
        }

        return TryReadSlowly(address, out value);
    }

    /// <summary>Bytes from <paramref name="address"/> on, without a copy where the source is mapped.</summary>
    /// <param name="address">The first byte.</param>
    /// <param name="copy">As long as the wanted bytes: used only where there is no mapping to point into.</param>
    /// <param name="bytes">The bytes, in the mapping or in <paramref name="copy"/>.</param>
    /// <returns>False where the image lacks one of them.</returns>
    public bool TryGet(PhysicalAddress address, Span<byte> copy, out ReadOnlySpan<byte> bytes)
    {
        if (TryGetSpan(address, copy.Length, out bytes))
        {
            return true;
        }

        if (Read(address, copy) == copy.Length)
        {
            bytes = copy;
            return true;
        }

        return false;
    }

    /// <summary>Bytes from <paramref name="address"/> on, zero-copy.</summary>
    /// <returns>False where they are not in one mapped run of memory: <see cref="Read"/> may still have them.</returns>
    public bool TryGetSpan(PhysicalAddress address, int length, out ReadOnlySpan<byte> bytes)
    {
        int i = Find(address.Value);
        if (i >= 0)
        {
            ref MemorySegment segment = ref _segments[i];
            ulong offset = address.Value - segment.Start;
            if (segment.Mapped != null && segment.Length - offset >= (ulong)length)
            {
                bytes = new(segment.Mapped + offset, length);
                return true;
            }
        }

        bytes = default;
        return false;
    }

    /// <summary>Copies bytes from <paramref name="address"/> on, over the edges of runs that touch.</summary>
    /// <returns>How many bytes there were before the first that the image lacks.</returns>
    public int Read(PhysicalAddress address, Span<byte> destination)
    {
        int done = 0;
        ulong at = address.Value;
        for (int i = Find(at); i >= 0 && done < destination.Length; i = Find(at))
        {
            ref MemorySegment segment = ref _segments[i];
            ulong offset = at - segment.Start;
            int want = (int)Math.Min((ulong)(destination.Length - done), segment.Length - offset);
            Span<byte> part = destination.Slice(done, want);
            int got = want;
            if (segment.Mapped != null)
            {
                new ReadOnlySpan<byte>(segment.Mapped + offset, want).CopyTo(part);
            }
            else
            {
                got = segment.Reader!.Read(offset, part);
            }

            done += got;
            at = unchecked(at + (ulong)got);
            if (got < want || at == 0)
            {
                break;
            }
        }

        return done;
    }

    /// <summary>
    /// Whether it is that of the machine that we run on, which changes while it is read. Other running machines' memory changes too, and is taken as it comes.
    /// </summary>
    public bool Changes { get; init; }

    /// <summary>This memory with each page as it was when it was first asked for, which takes as much of our own; itself where it does not change.</summary>
    public PhysicalMemory Still()
    {
        ConcurrentDictionary<ulong, byte[]> kept = [];
        return Changes ? View(Ranges.Select(range => MemorySegment.Behind(new StillMemory(this, range.Start, kept), range))) : this;
    }

    /// <summary>Forgets what is kept of memory that changes (a running machine's, for some milliseconds): what is read from now on is read anew.</summary>
    public void Refresh()
    {
        foreach (MemorySegment segment in _segments)
        {
            segment.Reader?.Refresh();
        }
    }

    /// <summary>Copies bytes from <paramref name="address"/> on, with zeros for each page that the image lacks.</summary>
    /// <returns>Bytes that the image had.</returns>
    public ulong ReadSparsely(PhysicalAddress address, Span<byte> destination)
    {
        ulong had = 0;
        for (int done = 0; done < destination.Length;)
        {
            ulong at = unchecked(address.Value + (ulong)done);
            int got = Read(new(at), destination[done..]);
            had += (ulong)got;
            done += got;
            if (done < destination.Length)
            {
                int toNextPage = PageFrame.Size - (int)(unchecked(at + (ulong)got) & (PageFrame.Size - 1));
                int skipped = Math.Min(toNextPage, destination.Length - done);
                destination.Slice(done, skipped).Clear();
                done += skipped;
            }
        }

        return had;
    }

    private string? WhyAbsent(PhysicalAddress address)
    {
        int i = Find(address.Value);
        return i < 0 ? null : _segments[i].Reader?.WhyAbsent(address.Value - _segments[i].Start);
    }

    private bool TryReadSlowly(PhysicalAddress address, out ulong value)
    {
        Unsafe.SkipInit(out value);
        if (Read(address, MemoryMarshal.AsBytes(new Span<ulong>(ref value))) == sizeof(ulong))
        {
            return true;
        }

        value = 0;
        return false;
    }

    /// <summary>Index of the segment that holds the address, or -1.</summary>
    private int Find(ulong address)
    {
        int low = 0;
        int high = _segments.Length - 1;
        while (low <= high)
        {
            int middle = (int)((uint)(low + high) >> 1);
            ref MemorySegment segment = ref _segments[middle];
            if (address < segment.Start)
            {
                high = middle - 1;
            }
            else if (address - segment.Start < segment.Length)
            {
                return middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return -1;
    }

    // A file's holes are multiples of the file system's blocks, and memory may stand at any offset of the file.
    private List<PhysicalRange> ToPages(IReadOnlyList<PhysicalRange> data)
    {
        const ulong InPage = PageFrame.Size - 1;
        List<PhysicalRange> pages = [];
        int memory = 0;
        foreach (PhysicalRange range in Ranges.Count == 0 ? [] : data)
        {
            while (memory < Ranges.Count - 1 && Ranges[memory].Last.CompareTo(range.Start) < 0)
            {
                memory++;
            }

            ulong start = Math.Max(range.Start.Value & ~InPage, Ranges[memory].Start.Value);
            ulong last = Math.Min(range.Last.Value | InPage, Ranges[memory].Last.Value);
            if (start > last)
            {
                continue;
            }

            if (pages.Count > 0 && (start <= pages[^1].Last.Value || start - 1 == pages[^1].Last.Value))
            {
                start = pages[^1].Start.Value;
                last = Math.Max(last, pages[^1].Last.Value);
                pages.RemoveAt(pages.Count - 1);
            }

            pages.Add(new(new(start), last - start + 1));
        }

        return pages;
    }

    private static PhysicalRange[] Merge(MemorySegment[] segments)
    {
        List<PhysicalRange> ranges = [];
        foreach (MemorySegment segment in segments)
        {
            if (ranges.Count > 0 && ranges[^1].Start.Value + ranges[^1].Length == segment.Start)
            {
                ranges[^1] = ranges[^1] with { Length = ranges[^1].Length + segment.Length };
            }
            else
            {
                ranges.Add(segment.Range);
            }
        }

        return [.. ranges];
    }
}
