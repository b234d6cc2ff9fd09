using System.Buffers.Binary;

namespace IommuSpy.Memory.Formats.Flattened;

/// <summary>
/// makedumpfile's flattened form (makedumpfile -F; QEMU's kdump): pieces of a file, each behind its offset and size, in the order they were written,
/// so that a dump with headers written last can go through a pipe. A later piece may write over an earlier one (makedumpfile, IMPLEMENTATION).
/// </summary>
internal sealed class FlattenedFile : ImageFile
{
    private const int HeaderBytes = 4096; // MAX_SIZE_MDF_HEADER
    private const int PieceHeaderBytes = 16;
    private const ulong FlatType = 1;

    // Writers hand over 16 KiB and more at a time (QEMU's dump/dump.c, makedumpfile's cache), but for headers and bitmaps.
    private const ulong LeastBytes = 512;
    private const ulong FewPieces = 1 << 20;

    private readonly ImageFile _file;

    // In order and apart.
    private readonly Piece[] _pieces;

    private FlattenedFile(ImageFile file, Piece[] pieces)
    {
        _file = file;
        _pieces = pieces;
        Length = pieces.Length == 0 ? 0 : pieces[^1].End;
    }

    /// <inheritdoc/>
    public override string Path => _file.Path;

    /// <inheritdoc/>
    public override ulong Length { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<FileExtent> DataExtents => [new(0, Length)];

    private static ReadOnlySpan<byte> Signature => "makedumpfile\0\0\0\0"u8;

    /// <summary>Whether the file is flattened.</summary>
    internal static bool Recognises(ImageFile file) => file.StartsWith(Signature);

    /// <summary>Reads where the pieces are. On success it owns <paramref name="file"/>.</summary>
    /// <exception cref="MemoryImageException">The file is no such thing after all.</exception>
    internal static FlattenedFile Open(ImageFile file, ImageLimits limits)
    {
        if (!file.Holds(0, HeaderBytes) || BinaryPrimitives.ReadUInt64BigEndian(file.Span(16, sizeof(ulong))) is ulong type && type != FlatType)
        {
            throw new MemoryImageException($"{file.Path}: flattened dump cut off inside its header, or of another type than {FlatType}");
        }

        // Counted first: a list that grows would hold them twice.
        Piece[] pieces = new Piece[Visit(file, limits, null)];
        Visit(file, limits, pieces);
        return new(file, Apart(pieces));
    }

    // Goes through the pieces, which it keeps where it is given room for them.
    private static int Visit(ImageFile file, ImageLimits limits, Piece[]? pieces)
    {
        int count = 0;
        int most = (int)Math.Min((ulong)limits.Pieces, Math.Max(FewPieces, file.Length / LeastBytes));
        Span<byte> copy = stackalloc byte[PieceHeaderBytes];
        for (ulong at = HeaderBytes; file.TryGet(at, copy, out ReadOnlySpan<byte> header);)
        {
            long start = BinaryPrimitives.ReadInt64BigEndian(header);
            long length = BinaryPrimitives.ReadInt64BigEndian(header[8..]);
            if (start == -1)
            {
                break;
            }

            if (start < 0 || length <= 0 || start > long.MaxValue - length)
            {
                throw new MemoryImageException($"{file.Path}: flattened dump whose piece at 0x{at:x} has the offset 0x{start:x} and the size 0x{length:x}");
            }

            if (count == most)
            {
                throw new MemoryImageException($"{file.Path}: flattened dump of more than {most} pieces");
            }

            // The last piece of a file that is cut off: what is there of it. What is missing is for the dump inside to notice.
            at += PieceHeaderBytes;
            ulong stored = Math.Min((ulong)length, file.Length - at);
            if (stored > 0)
            {
                if (pieces is not null)
                {
                    pieces[count] = new((ulong)start, at, stored);
                }

                count++;
            }

            at += stored;
        }

        return count;
    }

    /// <inheritdoc/>
    public override int Read(ulong offset, Span<byte> destination)
    {
        int length = offset < Length ? (int)Math.Min((ulong)destination.Length, Length - offset) : 0;
        for (int done = 0; done < length;)
        {
            ulong at = offset + (ulong)done;
            int i = PieceAt(at);
            ulong within = i < 0 ? ulong.MaxValue : at - _pieces[i].Start;
            if (i >= 0 && within < _pieces[i].Length)
            {
                int part = (int)Math.Min((ulong)(length - done), _pieces[i].Length - within);
                if (_file.Read(_pieces[i].Offset + within, destination.Slice(done, part)) != part)
                {
                    return done;
                }

                done += part;
            }
            else
            {
                // Never written: a hole, which reads as zeros as in the file that the pieces would make.
                ulong next = i + 1 < _pieces.Length ? _pieces[i + 1].Start : Length;
                int part = (int)Math.Min((ulong)(length - done), next - at);
                destination.Slice(done, part).Clear();
                done += part;
            }
        }

        return length;
    }

    /// <inheritdoc/>
    public override bool TryGetSpan(ulong offset, int length, out ReadOnlySpan<byte> bytes)
    {
        int i = PieceAt(offset);
        if (i >= 0 && _pieces[i] is Piece piece && offset - piece.Start is ulong within && within < piece.Length && (ulong)length <= piece.Length - within)
        {
            return _file.TryGetSpan(piece.Offset + within, length, out bytes);
        }

        bytes = default;
        return false;
    }

    /// <inheritdoc/>
    public override MemorySegment SegmentAt(PhysicalAddress address, ulong offset, ulong length)
    {
        ArgumentOutOfRangeException.ThrowIfZero(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length - offset);
        return MemorySegment.Behind(new FileSegment(this, offset), new(address, length));
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _file.Dispose();
        }
    }

    // Cuts pieces so that none overlaps another: of bytes that several have, the one that was written last, which stands last in the file, keeps them.
    private static Piece[] Apart(Piece[] pieces)
    {
        Array.Sort(pieces, static (left, right) => left.Start != right.Start ? left.Start.CompareTo(right.Start) : left.Offset.CompareTo(right.Offset));
        bool overlap = false;
        for (int i = 1; i < pieces.Length && !overlap; i++)
        {
            overlap = pieces[i - 1].End > pieces[i].Start;
        }

        return overlap ? Cut(pieces) : pieces;
    }

    private static Piece[] Cut(Piece[] pieces)
    {
        List<Piece> apart = new(pieces.Length);
        PriorityQueue<Piece, ulong> open = new();
        int next = 0;
        ulong at = 0;
        while (next < pieces.Length || open.Count > 0)
        {
            while (open.Count > 0 && open.Peek().End <= at)
            {
                open.Dequeue();
            }

            if (open.Count == 0)
            {
                if (next == pieces.Length)
                {
                    break;
                }

                at = Math.Max(at, pieces[next].Start);
            }

            while (next < pieces.Length && pieces[next].Start <= at)
            {
                open.Enqueue(pieces[next], ulong.MaxValue - pieces[next].Offset);
                next++;
            }

            Piece top = open.Peek();
            if (top.End <= at)
            {
                continue;
            }

            ulong end = next < pieces.Length ? Math.Min(top.End, pieces[next].Start) : top.End;
            apart.Add(new(at, top.Offset + (at - top.Start), end - at));
            at = end;
        }

        return [.. apart];
    }

    /// <summary>Index of the last piece that begins at or before an offset, or -1.</summary>
    private int PieceAt(ulong offset)
    {
        int low = 0;
        int high = _pieces.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            (low, high) = _pieces[middle].Start <= offset ? (middle + 1, high) : (low, middle);
        }

        return low - 1;
    }

    private readonly record struct Piece(ulong Start, ulong Offset, ulong Length)
    {
        public ulong End => Start + Length;
    }
}
