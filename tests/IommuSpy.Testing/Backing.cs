namespace IommuSpy.Testing;

/// <summary>Where the bytes of built memory stand: PhysicalMemory has a path of its own for each.</summary>
public enum Backing
{
    /// <summary>In a mapped temporary file: zero-copy.</summary>
    Mapped,

    /// <summary>Behind an ISegmentReader: copied on every read.</summary>
    Reader,
}
