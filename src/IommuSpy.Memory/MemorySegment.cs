namespace IommuSpy.Memory;

/// <summary>One run of physical memory and where its bytes are: mapped into this process, or behind a reader.</summary>
public readonly unsafe struct MemorySegment
{
    internal readonly ulong Start;
    internal readonly ulong Length;
    internal readonly byte* Mapped;
    internal readonly ISegmentReader? Reader;

    private MemorySegment(PhysicalRange range, byte* mapped, ISegmentReader? reader)
    {
        Start = range.Start.Value;
        Length = range.Length;
        Mapped = mapped;
        Reader = reader;
    }

    /// <summary>The physical addresses of the run.</summary>
    public PhysicalRange Range => new(new(Start), Length);

    /// <summary>A run whose bytes stand in <paramref name="file"/> as they are in memory.</summary>
    /// <param name="start">Physical address of the first byte.</param>
    /// <param name="file">The mapped file.</param>
    /// <param name="offset">File offset of the first byte.</param>
    /// <param name="length">Bytes, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The run does not lie inside the file.</exception>
    public static MemorySegment InFile(PhysicalAddress start, MappedFile file, ulong offset, ulong length)
    {
        ArgumentOutOfRangeException.ThrowIfZero(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, file.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, file.Length - offset);
        return new(new(start, length), file.Pointer + offset, reader: null);
    }

    /// <summary>A run whose bytes are mapped already: a part of another run.</summary>
    internal static MemorySegment At(byte* mapped, PhysicalRange range) => new(range, mapped, reader: null);

    /// <summary>A run whose bytes <paramref name="reader"/> makes when asked.</summary>
    public static MemorySegment Behind(ISegmentReader reader, PhysicalRange range) => new(range, mapped: null, reader);
}
