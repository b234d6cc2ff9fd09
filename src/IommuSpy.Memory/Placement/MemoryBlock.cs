namespace IommuSpy.Memory.Placement;

/// <summary>A run of a machine's RAM whose image does not say at which address it stands: a block of a saved state, or a file.</summary>
/// <param name="name">What users know it by.</param>
/// <param name="length">Bytes, whole pages.</param>
internal abstract class MemoryBlock(string name, ulong length)
{
    /// <summary>What users know it by: a file's name, of a memory backend its id.</summary>
    internal string Name => name;

    /// <summary>Length of the block, in bytes.</summary>
    internal ulong Length => length;

    /// <summary>The parts that can hold anything but zeros, in order.</summary>
    internal abstract IEnumerable<FileExtent> Data { get; }

    /// <summary>A part of it as memory.</summary>
    /// <param name="start">Physical address.</param>
    /// <param name="offset">Where in the block it begins.</param>
    /// <param name="bytes">Its length.</param>
    internal abstract MemorySegment SegmentAt(PhysicalAddress start, ulong offset, ulong bytes);

    /// <summary>Copies bytes from an offset on.</summary>
    /// <returns>How many there are before the first that is missing.</returns>
    internal abstract int Read(ulong offset, Span<byte> destination);
}
