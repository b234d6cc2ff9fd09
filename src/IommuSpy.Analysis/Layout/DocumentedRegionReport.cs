using IommuSpy.Memory;

namespace IommuSpy.Analysis.Layout;

/// <summary>A row of a documented virtual memory map.</summary>
/// <param name="Start">First address.</param>
/// <param name="Last">Last address, inclusive.</param>
/// <param name="Name">What it is: "direct map".</param>
/// <param name="Description">The document's words.</param>
public sealed record DocumentedRegionReport(VirtualAddress Start, VirtualAddress Last, string Name, string Description);
