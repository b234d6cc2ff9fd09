using IommuSpy.Memory;

namespace IommuSpy.Translation.Devices;

/// <summary>Memory as first-stage tables see it whose addresses another space translates: the walker needs to know nothing of it.</summary>
internal sealed class NestedTables : ISegmentReader
{
    private readonly IoAddressSpace _second;
    private readonly PhysicalMemory _memory;

    private NestedTables(IoAddressSpace second, PhysicalMemory memory)
    {
        _second = second;
        _memory = memory;
    }

    /// <summary>All of what a space translates, as memory.</summary>
    public static PhysicalMemory Of(IoAddressSpace second)
    {
        ulong length = second.AddressBits == 64 ? ulong.MaxValue : 1UL << second.AddressBits;
        return PhysicalMemory.View([MemorySegment.Behind(new NestedTables(second, second.Memory), new(new(0), length))]);
    }

    /// <inheritdoc/>
    public int Read(ulong offset, Span<byte> destination)
    {
        int done = 0;
        while (done < destination.Length && _second.TryTranslate(new(offset + (ulong)done), out PhysicalAddress physical))
        {
            int want = Math.Min(destination.Length - done, PageFrame.Size - (int)(physical.Value % PageFrame.Size));
            int got = _memory.Read(physical, destination.Slice(done, want));
            done += got;
            if (got < want)
            {
                break;
            }
        }

        return done;
    }
}
