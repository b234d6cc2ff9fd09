namespace IommuSpy.Memory.Blocks;

/// <summary>A run of memory out of a <see cref="BlockStore"/> whose blocks are numbered by physical address, where the run need not begin with one.</summary>
internal sealed class OffsetSegment(BlockStore store, BlockCache cache, ulong start) : ISegmentReader
{
    // The run's end is kept by who calls; the last block may reach past it.
    private readonly BlockSegment _blocks = new(store, cache, first: 0, blocks: ulong.MaxValue >> store.BlockShift);

    /// <inheritdoc/>
    public bool Holds(ulong offset) => _blocks.Holds(start + offset);

    /// <inheritdoc/>
    public bool Excludes(ulong offset) => _blocks.Excludes(start + offset);

    /// <inheritdoc/>
    public int Read(ulong offset, Span<byte> destination) => _blocks.Read(start + offset, destination);
}
