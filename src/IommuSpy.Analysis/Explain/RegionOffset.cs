using IommuSpy.Memory;

namespace IommuSpy.Analysis.Explain;

/// <summary>A region and how far into it an address is.</summary>
/// <param name="Name">The region: "vmalloc".</param>
/// <param name="Start">Its first address.</param>
/// <param name="End">Its last address, inclusive.</param>
/// <param name="Offset">Bytes from its start.</param>
/// <param name="DocumentedStart">Where the documentation has it begin; null for what it does not name.</param>
public sealed record RegionOffset(string Name, VirtualAddress Start, VirtualAddress End, HexValue Offset, VirtualAddress? DocumentedStart);
