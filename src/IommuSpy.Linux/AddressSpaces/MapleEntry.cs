namespace IommuSpy.Linux.AddressSpaces;

/// <summary>What a maple tree holds for a range of indexes.</summary>
/// <param name="First">First index.</param>
/// <param name="Last">Last index, inclusive.</param>
/// <param name="Value">The entry: a pointer.</param>
internal readonly record struct MapleEntry(ulong First, ulong Last, ulong Value);
