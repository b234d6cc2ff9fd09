namespace IommuSpy.Memory;

/// <summary>Memory that was left out of an image on purpose, so that nothing is known of what it held: it cannot be read.</summary>
internal sealed class ExcludedSegment : ISegmentReader
{
    /// <summary>The only instance: it has no state.</summary>
    internal static ExcludedSegment Instance { get; } = new();

    /// <inheritdoc/>
    public int Read(ulong offset, Span<byte> destination) => 0;

    /// <inheritdoc/>
    public bool Holds(ulong offset) => false;

    /// <inheritdoc/>
    public bool Excludes(ulong offset) => true;
}
