namespace IommuSpy.Memory.Search;

/// <summary>A match in a piece of memory.</summary>
/// <param name="Offset">Where it begins in the piece.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="Pattern">The number of the pattern.</param>
public readonly record struct SearchMatch(int Offset, int Length, int Pattern);
