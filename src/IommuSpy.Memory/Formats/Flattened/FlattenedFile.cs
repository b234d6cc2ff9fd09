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

    private readonly ImageFile _file;

    // Where each piece begins in the file that they make, in order and apart, where it stands, and how much of it counts.
    private readonly ulong[] _starts;
    private readonly ulong[] _offsets;
    private readonly ulong[] _lengths;

    private FlattenedFile(ImageFile file, List<Piece> pieces)
    {
        _file = file;
        _starts = [.. pieces.Select(piece => piece.Start)];
        _offsets = [.. pieces.Select(piece => piece.Offset)];
        _lengths = [.. pieces.Select(piece => piece.Length)];
        Length = pieces.Count == 0 ? 0 : pieces[^1].Start + pieces[^1].Length;
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

        List<Piece> pieces = [];
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

            if (pieces.Count == limits.Pieces)
            {
                throw new MemoryImageException($"{file.Path}: flattened dump of more than {limits.Pieces} pieces");
            }

            // The last piece of a file that is cut off: what is there of it. What is missing is for the dump inside to notice.
            at += PieceHeaderBytes;
            ulong stored = Math.Min((ulong)length, file.Length - at);
            if (stored > 0)
            {
                pieces.Add(new((ulong)start, at, stored, pieces.Count));
            }

            at += stored;
        }

        return new(file, Apart(pieces));
    }

    /// <inheritdoc/>
    public override int Read(ulong offset, Span<byte> destination)
    {
        int length = offset < Length ? (int)Math.Min((ulong)destination.Length, Length - offset) : 0;
        for (int done = 0; done < length;)
        {
            ulong at = offset + (ulong)done;
            int i = PieceAt(at);
            ulong within = i < 0 ? ulong.MaxValue : at - _starts[i];
            if (i >= 0 && within < _lengths[i])
            {
                int part = (int)Math.Min((ulong)(length - done), _lengths[i] - within);
                if (_file.Read(_offsets[i] + within, destination.Slice(done, part)) != part)
                {
                    return done;
                }

                done += part;
            }
            else
            {
                // Never written: a hole, which reads as zeros as in the file that the pieces would make.
                ulong next = i + 1 < _starts.Length ? _starts[i + 1] : Length;
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
        if (i >= 0 && offset - _starts[i] is ulong within && within < _lengths[i] && (ulong)length <= _lengths[i] - within)
        {
            return _file.TryGetSpan(_offsets[i] + within, length, out bytes);
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

    // Cuts pieces so that none overlaps another: of bytes that several have, the one that was written last keeps them.
    private static List<Piece> Apart(List<Piece> pieces)
    {
        pieces.Sort((left, right) => left.Start != right.Start ? left.Start.CompareTo(right.Start) : left.Order.CompareTo(right.Order));
        List<Piece> apart = new(pieces.Count);
        PriorityQueue<Piece, int> open = new();
        int next = 0;
        ulong at = 0;
        while (next < pieces.Count || open.Count > 0)
        {
            while (open.Count > 0 && open.Peek().End <= at)
            {
                open.Dequeue();
            }

            if (open.Count == 0)
            {
                if (next == pieces.Count)
                {
                    break;
                }

                at = Math.Max(at, pieces[next].Start);
            }

            while (next < pieces.Count && pieces[next].Start <= at)
            {
                open.Enqueue(pieces[next], -pieces[next].Order);
                next++;
            }

            Piece top = open.Peek();
            if (top.End <= at)
            {
                continue;
            }

            ulong end = next < pieces.Count ? Math.Min(top.End, pieces[next].Start) : top.End;
            apart.Add(new(at, top.Offset + (at - top.Start), end - at, top.Order));
            at = end;
        }

        return apart;
    }

    /// <summary>Index of the last piece that begins at or before an offset, or -1.</summary>
    private int PieceAt(ulong offset)
    {
        int i = Array.BinarySearch(_starts, offset);
        return i >= 0 ? i : ~i - 1;
    }

    private readonly record struct Piece(ulong Start, ulong Offset, ulong Length, int Order)
    {
        public ulong End => Start + Length;
    }
}
