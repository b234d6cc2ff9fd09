namespace IommuSpy.Memory.Views;

/// <summary>Zeros.</summary>
internal sealed class ZeroReader : ISegmentReader
{
    public static ZeroReader Instance { get; } = new();

    public int Read(ulong offset, Span<byte> destination)
    {
        destination.Clear();
        return destination.Length;
    }
}
