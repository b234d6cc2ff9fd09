namespace IommuSpy.Memory.Blocks;

/// <summary>
/// A run of memory out of a <see cref="BlockStore"/>. Small reads go through the cache, and where they follow each other the next blocks are decoded
/// ahead on all cores; large ones are decoded on all cores into their destination, and leave the cache alone.
/// </summary>
internal sealed unsafe class BlockSegment : ISegmentReader
{
    // From here on a read is a scan: it would only throw out of the cache what is asked for again.
    private const int ScanBytes = 128 << 10;

    // Reads in order before it counts as a sequence, and bytes that are then decoded at once.
    private const int SequenceLength = 3;
    private const int AheadBytes = 512 << 10;

    // Blocks are handed to cores in groups that take longer than the handing.
    private const int GroupBytes = 64 << 10;

    private readonly BlockStore _store;
    private readonly BlockCache _cache;
    private readonly ulong _first;
    private readonly ulong _blocks;
    private readonly int _shift;
    private ulong _expected;
    private int _inOrder;
    private ulong _decodedTo;

    /// <summary>A run of memory.</summary>
    /// <param name="store">Where the blocks come from.</param>
    /// <param name="cache">Where they are kept.</param>
    /// <param name="first">Number of the block that the run begins with.</param>
    /// <param name="blocks">How many there are.</param>
    internal BlockSegment(BlockStore store, BlockCache cache, ulong first, ulong blocks)
    {
        _store = store;
        _cache = cache;
        _first = first;
        _blocks = blocks;
        _shift = store.BlockShift;
    }

    private int BlockBytes => 1 << _shift;

    /// <inheritdoc/>
    public bool Holds(ulong offset) => _store.Holds(_first + (offset >> _shift));

    /// <inheritdoc/>
    public bool Excludes(ulong offset) => _store.Excludes(_first + (offset >> _shift));

    /// <inheritdoc/>
    public int Read(ulong offset, Span<byte> destination)
    {
        ulong block = offset >> _shift;
        int within = (int)(offset & (ulong)(BlockBytes - 1));
        if (destination.Length >= ScanBytes)
        {
            return ReadMany(block, within, destination);
        }

        int done = 0;
        while (done < destination.Length)
        {
            int length = Math.Min(destination.Length - done, BlockBytes - within);
            if (!ReadOne(block, within, destination.Slice(done, length)))
            {
                break;
            }

            done += length;
            within = 0;
            block++;
        }

        return done;
    }

    private bool ReadOne(ulong block, int within, Span<byte> destination)
    {
        ulong number = _first + block;
        if (_cache.TryCopy(number, within, destination))
        {
            Follow(block, isHit: true);
            return true;
        }

        if (Follow(block, isHit: false))
        {
            DecodeAhead(block);
            if (_cache.TryCopy(number, within, destination))
            {
                return true;
            }
        }

        bool whole = destination.Length == BlockBytes;
        Span<byte> decoded = whole ? destination : PageBuffer.OfThread(BlockBytes);
        BlockContent content = _store.Decode(number, decoded);
        if (content == BlockContent.Missing)
        {
            return false;
        }

        if (content == BlockContent.Zero)
        {
            destination.Clear();
            return true;
        }

        if (!whole)
        {
            decoded.Slice(within, destination.Length).CopyTo(destination);
        }

        _cache.Add(number, decoded);
        return true;
    }

    // Threads that read at once spoil each other's sequence, and nothing else.
    private bool Follow(ulong block, bool isHit)
    {
        if (block == _expected)
        {
            _inOrder++;
        }
        else if (block + 1 != _expected)
        {
            _inOrder = 0;
        }

        _expected = block + 1;

        // Zero blocks are not kept: what was decoded ahead is not asked for again because of them.
        return !isHit && _inOrder >= SequenceLength && (block >= _decodedTo || block + BlocksAhead < _decodedTo);
    }

    private ulong BlocksAhead => (ulong)Math.Max(1, AheadBytes >> _shift);

    private void DecodeAhead(ulong block)
    {
        ulong end = Math.Min(_blocks, block + BlocksAhead);
        _decodedTo = end;
        int group = Math.Max(1, GroupBytes >> _shift);
        int groups = (int)((end - block + (ulong)group - 1) / (ulong)group);
        Parallel.For(0, groups, index =>
        {
            Span<byte> decoded = PageBuffer.OfThread(BlockBytes);
            ulong at = block + (ulong)(index * group);
            for (ulong stop = Math.Min(end, at + (ulong)group); at < stop; at++)
            {
                if (!_cache.Contains(_first + at) && _store.Decode(_first + at, decoded) == BlockContent.Decoded)
                {
                    _cache.Add(_first + at, decoded);
                }
            }
        });
    }

    private int ReadMany(ulong block, int within, Span<byte> destination)
    {
        int head = within == 0 ? 0 : Math.Min(destination.Length, BlockBytes - within);
        if (head > 0)
        {
            if (!ReadOne(block, within, destination[..head]))
            {
                return 0;
            }

            block++;
        }

        int whole = (destination.Length - head) >> _shift;
        int group = Math.Max(1, GroupBytes >> _shift);
        int firstMissing = whole;
        fixed (byte* start = destination[head..])
        {
            nint address = (nint)start;
            Parallel.For(0, (whole + group - 1) / group, index =>
            {
                for (int at = index * group; at < Math.Min(whole, (index + 1) * group) && at < Volatile.Read(ref firstMissing); at++)
                {
                    if (_store.Decode(_first + block + (ulong)at, new Span<byte>((byte*)address + ((long)at << _shift), BlockBytes)) == BlockContent.Missing)
                    {
                        LowerTo(ref firstMissing, at);
                    }
                }
            });
        }

        int done = head + (firstMissing << _shift);
        return firstMissing < whole || done == destination.Length || !ReadOne(block + (ulong)whole, 0, destination[done..]) ? done : destination.Length;
    }

    private static void LowerTo(ref int target, int value)
    {
        for (int seen = Volatile.Read(ref target); value < seen;)
        {
            int before = Interlocked.CompareExchange(ref target, value, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }
}
