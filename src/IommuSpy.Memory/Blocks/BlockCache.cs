namespace IommuSpy.Memory.Blocks;

/// <summary>
/// Decoded blocks, as many as fit a budget: sets of eight, and of each set the block that was used longest ago gives way. A hit copies the wanted bytes
/// under the set's lock, so that no reader sees a block change.
/// </summary>
internal sealed class BlockCache
{
    private const int Ways = 8;

    private readonly Set[] _sets;
    private readonly int _blockBytes;

    /// <summary>A cache of blocks.</summary>
    /// <param name="blockBytes">Bytes in a block.</param>
    /// <param name="budget">Bytes of blocks to keep at most; at least one set is kept.</param>
    internal BlockCache(int blockBytes, long budget)
    {
        _blockBytes = blockBytes;
        _sets = new Set[Math.Max(1, System.Numerics.BitOperations.RoundUpToPowerOf2((uint)(budget / blockBytes / Ways) + 1) / 2)];
        for (int i = 0; i < _sets.Length; i++)
        {
            _sets[i] = new();
        }
    }

    /// <summary>Copies bytes of a block, where it is here.</summary>
    internal bool TryCopy(ulong block, int offset, Span<byte> destination)
    {
        Set set = SetOf(block);
        lock (set)
        {
            int way = set.Keys.AsSpan().IndexOf(block + 1);
            if (way < 0)
            {
                return false;
            }

            set.Used[way] = ++set.Clock;
            set.Blocks[way].AsSpan(offset, destination.Length).CopyTo(destination);
            return true;
        }
    }

    /// <summary>Whether a block is here.</summary>
    internal bool Contains(ulong block)
    {
        Set set = SetOf(block);
        lock (set)
        {
            return set.Keys.AsSpan().Contains(block + 1);
        }
    }

    /// <summary>Keeps a block.</summary>
    internal void Add(ulong block, ReadOnlySpan<byte> bytes)
    {
        Set set = SetOf(block);
        lock (set)
        {
            int way = set.Keys.AsSpan().IndexOf(block + 1);
            if (way < 0)
            {
                way = set.Used.AsSpan().IndexOf(set.Used.Min());
            }

            set.Keys[way] = block + 1;
            set.Used[way] = ++set.Clock;
            bytes.CopyTo(set.Blocks[way] ??= GC.AllocateUninitializedArray<byte>(_blockBytes));
        }
    }

    private Set SetOf(ulong block) => _sets[block & (ulong)(_sets.Length - 1)];

    private sealed class Set
    {
        // Block numbers plus one: 0 is an empty way.
        public ulong[] Keys { get; } = new ulong[Ways];

        public long[] Used { get; } = new long[Ways];

        public byte[][] Blocks { get; } = new byte[Ways][];

        public long Clock { get; set; }
    }
}
