using IommuSpy.Memory;

namespace IommuSpy.Linux.Layout;

/// <summary>A row of a documented virtual memory map.</summary>
/// <param name="Kind">What it is for.</param>
/// <param name="Start">First address.</param>
/// <param name="End">Last address, inclusive.</param>
/// <param name="Name">The document's words, shortened.</param>
public sealed record DocumentedRegion(RegionKind Kind, VirtualAddress Start, VirtualAddress End, string Name)
{
    /// <summary>Whether the row holds <paramref name="address"/>.</summary>
    public bool Contains(VirtualAddress address) => address - Start <= End - Start;
}
