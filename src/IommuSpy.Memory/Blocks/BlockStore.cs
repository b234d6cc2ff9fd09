namespace IommuSpy.Memory.Blocks;

/// <summary>Memory that an image stores in blocks that have to be decoded: numbered, all of one size. Safe to share between threads.</summary>
internal abstract class BlockStore
{
    /// <summary>log2 of the bytes in a block.</summary>
    public abstract int BlockShift { get; }

    /// <summary>Whether the image has the block's bytes.</summary>
    public abstract bool Holds(ulong block);

    /// <summary>Whether the block was left out of the image on purpose.</summary>
    public virtual bool Excludes(ulong block) => false;

    /// <summary>Decodes a block.</summary>
    /// <param name="block">Its number.</param>
    /// <param name="destination">As long as a block.</param>
    public abstract BlockContent Decode(ulong block, Span<byte> destination);
}
