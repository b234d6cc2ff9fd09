namespace IommuSpy.Memory.Views;

/// <summary>A part of another memory that is not mapped as it is: compressed, or a machine's that runs.</summary>
/// <param name="memory">The other memory.</param>
/// <param name="start">Where the part begins in it.</param>
internal sealed class PieceReader(PhysicalMemory memory, PhysicalAddress start) : ISegmentReader
{
    public int Read(ulong offset, Span<byte> destination) => memory.Read(start + offset, destination);

    public bool Holds(ulong offset) => memory.Contains(start + offset);

    public bool Excludes(ulong offset) => memory.Excludes(start + offset);

    public string? WhyAbsent(ulong offset) => memory.AbsenceOf(start + offset);

    public void Refresh() => memory.Refresh();
}
