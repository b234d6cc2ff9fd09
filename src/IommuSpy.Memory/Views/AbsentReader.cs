namespace IommuSpy.Memory.Views;

/// <summary>Memory that is not there, and why.</summary>
/// <param name="why">To stand behind "is".</param>
internal sealed class AbsentReader(string why) : ISegmentReader
{
    public int Read(ulong offset, Span<byte> destination) => 0;

    public bool Holds(ulong offset) => false;

    public string? WhyAbsent(ulong offset) => why;
}
