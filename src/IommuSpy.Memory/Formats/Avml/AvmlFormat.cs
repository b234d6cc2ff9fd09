using System.Buffers.Binary;
using IommuSpy.Memory.Blocks;
using IommuSpy.Memory.Compression;
using IommuSpy.Memory.Formats.Lime;

namespace IommuSpy.Memory.Formats.Avml;

/// <summary>
/// AVML's compressed form (version 2): before each range LiME's header with another magic, then the range as a Snappy framed stream and the bytes that
/// this took. Its uncompressed form (version 1) is LiME. A range of zeros has no body, in files of avml up to 0.17.0; later ones leave it out.
/// </summary>
public sealed class AvmlFormat : IMemoryFormat
{
    private const int TrailerBytes = sizeof(ulong);

    /// <inheritdoc/>
    public string Name => "AVML";

    /// <inheritdoc/>
    public bool Recognises(ImageFile file) => file.StartsWith(RangeHeader.AvmlSignature);

    /// <inheritdoc/>
    public MemoryImage Open(ImageFile file, MemoryImageOptions options)
    {
        List<AvmlRange> ranges = [];
        List<string> damage = [];
        ulong lost = 0;
        int frames = 0;
        for (ulong at = 0; at < file.Length;)
        {
            if (!file.Holds(at, RangeHeader.Bytes))
            {
                damage.Add($"the file ends at 0x{file.Length:x}, inside the header at 0x{at:x}: what follows it is missing");
                break;
            }

            RangeHeader header = RangeHeader.Read(file.Span(at, RangeHeader.Bytes));
            bool isPlain = header.Magic == RangeHeader.LimeMagic && header.Version == 1;
            if (!(isPlain || (header.Magic == RangeHeader.AvmlMagic && header.Version == 2)) || !header.IsSane)
            {
                throw new MemoryImageException($"{file.Path}: AVML whose header at 0x{at:x} is none (magic 0x{header.Magic:x}, version {header.Version}, "
                    + $"0x{header.Start:x}-0x{header.Last:x})");
            }

            if (isPlain)
            {
                throw new MemoryImageException($"{file.Path}: AVML whose range at 0x{at:x} is a LiME one: a file holds the one or the other");
            }

            AvmlRange range = new(new(new(header.Start), header.Length));
            ranges.Add(range);
            ulong body = at + RangeHeader.Bytes;
            at = ReadFrames(file, range, body, options.Limits.Pieces - frames);
            frames += range.Frames;
            // A last header without a body is one of a writer that makes such, or all that is left of a range.
            if (range.IsZero && at == file.Length && !ranges.Exists(earlier => earlier.IsZero && earlier != range))
            {
                range.IsZero = false;
            }

            if (range.IsZero)
            {
                continue;
            }

            if (range.Plain < header.Length)
            {
                lost += header.Length - range.Plain;
                damage.Add($"the range {range.Range}, whose frames begin at 0x{body:x}, is cut off by the end of the file at "
                    + $"0x{file.Length:x}: {Size.Text(header.Length - range.Plain)} of RAM is missing");
                break;
            }

            // A length that is not there or is wrong loses nothing: frames say themselves where they end.
            at += TrailerBytes;
        }

        if (damage.Count > 0 && !options.AllowTruncated)
        {
            throw new MemoryImageException($"{file.Path}: AVML, but {damage[0]}. Analyse what is there with --allow-truncated.");
        }

        AvmlStore store = new(file, ranges);
        BlockCache cache = new(1 << store.BlockShift, options.Limits.CacheBytes);
        List<MemorySegment> segments = [];
        List<PhysicalRange> data = [];
        foreach (AvmlRange range in ranges)
        {
            if (range.IsZero)
            {
                segments.Add(MemorySegment.Behind(ZeroSegment.Instance, range.Range));
            }
            else if (range.Plain > 0)
            {
                PhysicalRange there = range.Range with { Length = range.Plain };
                segments.Add(MemorySegment.Behind(new BlockSegment(store, cache, range.FirstBlock, AvmlStore.Blocks(range.Plain)), there));
                data.Add(there);
            }
        }

        if (segments.Count == 0)
        {
            throw new MemoryImageException($"{file.Path}: AVML with no memory in it");
        }

        return new(file, Name, [new(PhysicalMemory.Of(file, Name, segments, data, lost), "headers of its ranges")]) { Damage = damage };
    }

    // Where the range's frames end: after as many bytes as the range has, at the end of the file, or before another header.
    private static ulong ReadFrames(ImageFile file, AvmlRange range, ulong body, int most)
    {
        Span<byte> copy = stackalloc byte[SnappyFrames.ChunkHeaderBytes + SnappyFrames.ChecksumBytes + 5];
        ulong at = body;
        if (IsEnd(file, ref at))
        {
            range.IsZero = true;
            return at;
        }

        while (range.Plain < range.Range.Length)
        {
            if (!file.TryGet(at, copy[..SnappyFrames.ChunkHeaderBytes], out ReadOnlySpan<byte> header))
            {
                return file.Length;
            }

            byte type = header[0];
            int length = header[1] | (header[2] << 8) | (header[3] << 16);
            ulong data = at + SnappyFrames.ChunkHeaderBytes;
            if (!file.Holds(data, (ulong)length))
            {
                return file.Length;
            }

            at = data + (ulong)length;
            if (type is SnappyFrames.Compressed or SnappyFrames.Plain)
            {
                int plain = PlainLength(file, data, length, type);
                if (plain is <= 0 or > SnappyFrames.MostPlainBytes || (ulong)plain > range.Range.Length - range.Plain)
                {
                    throw new MemoryImageException($"{file.Path}: AVML whose frame at 0x{data - SnappyFrames.ChunkHeaderBytes:x} makes {plain} bytes, and its "
                        + $"range {range.Range} lacks {range.Range.Length - range.Plain}");
                }

                if (range.Frames == most)
                {
                    throw new MemoryImageException($"{file.Path}: AVML of too many frames");
                }

                range.Add(data, length, type, plain);
            }
            else if (type < SnappyFrames.FirstSkippable)
            {
                throw new MemoryImageException($"{file.Path}: AVML whose frame at 0x{data - SnappyFrames.ChunkHeaderBytes:x} is of the unknown type "
                    + $"0x{type:x}");
            }
        }

        return at;
    }

    private static int PlainLength(ImageFile file, ulong data, int length, byte type)
    {
        if (length <= SnappyFrames.ChecksumBytes)
        {
            return -1;
        }

        return type == SnappyFrames.Plain
            ? length - SnappyFrames.ChecksumBytes
            : SnappyFrames.PlainLength(file.Span(data + SnappyFrames.ChecksumBytes, Math.Min(5, length - SnappyFrames.ChecksumBytes)));
    }

    // Right after a header: another header, the end of the file, or the length 0 and then one of those.
    private static bool IsEnd(ImageFile file, ref ulong at)
    {
        if (IsHeaderOrEnd(file, at))
        {
            return true;
        }

        if (file.Holds(at, TrailerBytes) && BinaryPrimitives.ReadUInt64LittleEndian(file.Span(at, TrailerBytes)) == 0 && IsHeaderOrEnd(file, at + TrailerBytes))
        {
            at += TrailerBytes;
            return true;
        }

        return false;
    }

    private static bool IsHeaderOrEnd(ImageFile file, ulong at) =>
        at == file.Length || (file.Holds(at, RangeHeader.Bytes) && file.Span(at, RangeHeader.AvmlSignature.Length).SequenceEqual(RangeHeader.AvmlSignature));
}
