namespace IommuSpy.Memory;

/// <summary>
/// Reads a run of physical memory that no mapping holds as it is: compressed pages, zeros that a file leaves out, a device. Safe to share between threads.
/// </summary>
public interface ISegmentReader
{
    /// <summary>Copies bytes from <paramref name="offset"/> into the run on.</summary>
    /// <param name="offset">Bytes from the start of the run; the caller keeps it and the destination's end inside the run.</param>
    /// <param name="destination">Where the bytes go.</param>
    /// <returns>How many bytes could be read before the first that could not.</returns>
    int Read(ulong offset, Span<byte> destination);

    /// <summary>Whether the byte at <paramref name="offset"/> into the run is there: a dump may leave pages out of its memory.</summary>
    bool Holds(ulong offset) => true;

    /// <summary>Whether the byte at <paramref name="offset"/> into the run was left out on purpose. Others that the run does not hold are lost.</summary>
    bool Excludes(ulong offset) => false;

    /// <summary>
    /// Why the byte at <paramref name="offset"/> into the run is not there, to stand behind "is", where there is more to say; null for nothing more.
    /// </summary>
    string? WhyAbsent(ulong offset) => null;

    /// <summary>Forgets what is kept of memory that changes: what is read from now on is read anew.</summary>
    void Refresh()
    {
    }
}
