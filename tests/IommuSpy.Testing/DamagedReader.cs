using IommuSpy.Memory;

namespace IommuSpy.Testing;

/// <summary>Memory of which one page cannot be read, as one that does not decode in a compressed dump.</summary>
public sealed class DamagedReader : ISegmentReader
{
    private readonly PhysicalMemory _memory;
    private readonly ulong _page;

    private DamagedReader(PhysicalMemory memory, ulong page)
    {
        _memory = memory;
        _page = page;
    }

    /// <summary>A memory's run from address 0 on, without the page at an address.</summary>
    public static PhysicalMemory Over(PhysicalMemory memory, ulong page) =>
        new([MemorySegment.Behind(new DamagedReader(memory, page), memory.Ranges[0])]);

    /// <inheritdoc/>
    public int Read(ulong offset, Span<byte> destination)
    {
        ulong end = offset + (ulong)destination.Length;
        if (offset < _page + PageFrame.Size && end > _page)
        {
            destination = destination[..(offset < _page ? (int)(_page - offset) : 0)];
        }

        return _memory.Read(new(offset), destination);
    }
}
