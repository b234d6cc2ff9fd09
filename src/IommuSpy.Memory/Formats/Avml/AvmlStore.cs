using IommuSpy.Memory.Blocks;
using IommuSpy.Memory.Compression;

namespace IommuSpy.Memory.Formats.Avml;

/// <summary>
/// The frames of an AVML file as blocks of 64 KiB. Its writer makes frames of just that size, which decode in place; others are put together.
/// </summary>
internal sealed class AvmlStore : BlockStore
{
    private const int Shift = 16;

    [ThreadStatic]
    private static byte[]? _frame;

    private readonly ImageFile _file;
    private readonly List<AvmlRange> _ranges;
    private readonly ulong[] _firstBlocks;

    /// <summary>The blocks of ranges, which are numbered by this.</summary>
    internal AvmlStore(ImageFile file, List<AvmlRange> ranges)
    {
        _file = file;
        _ranges = ranges;
        _firstBlocks = new ulong[ranges.Count];
        ulong next = 0;
        for (int i = 0; i < ranges.Count; i++)
        {
            _firstBlocks[i] = ranges[i].FirstBlock = next;
            next += Blocks(ranges[i].Plain);
        }
    }

    /// <inheritdoc/>
    public override int BlockShift => Shift;

    /// <summary>Blocks that bytes take.</summary>
    internal static ulong Blocks(ulong bytes) => (bytes + (1 << Shift) - 1) >> Shift;

    /// <inheritdoc/>
    public override bool Holds(ulong block) => true;

    /// <inheritdoc/>
    public override BlockContent Decode(ulong block, Span<byte> destination)
    {
        // Of ranges that have no blocks and the one after them, the last with this number has it.
        int i = Array.BinarySearch(_firstBlocks, block);
        i = i >= 0 ? i : ~i - 1;
        while (i + 1 < _ranges.Count && _firstBlocks[i + 1] == block)
        {
            i++;
        }

        AvmlRange range = _ranges[i];
        ulong start = (block - range.FirstBlock) << Shift;
        ulong end = Math.Min(start + (1UL << Shift), range.Plain);
        for (int frame = range.FrameAt(start); start < end; frame++)
        {
            (ulong offset, int bytes, byte type, ulong frameStart, ulong frameEnd) = range.Frame(frame);
            int length = (int)(frameEnd - frameStart);
            ReadOnlySpan<byte> data = _file.Span(offset, bytes);
            ulong blockStart = (block - range.FirstBlock) << Shift;
            if (frameStart == start && frameEnd <= end)
            {
                if (!SnappyFrames.TryDecode(type, data, destination.Slice((int)(start - blockStart), length)))
                {
                    return BlockContent.Missing;
                }
            }
            else
            {
                Span<byte> plain = (_frame ??= new byte[SnappyFrames.MostPlainBytes]).AsSpan(0, length);
                if (!SnappyFrames.TryDecode(type, data, plain))
                {
                    return BlockContent.Missing;
                }

                plain[(int)(start - frameStart)..(int)(Math.Min(frameEnd, end) - frameStart)].CopyTo(destination[(int)(start - blockStart)..]);
            }

            start = Math.Min(frameEnd, end);
        }

        return BlockContent.Decoded;
    }
}
