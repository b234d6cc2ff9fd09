namespace IommuSpy.Memory.Search;

/// <summary>A piece of what is searched.</summary>
/// <param name="Address">The address of its first byte, in whatever space is searched.</param>
/// <param name="Starts">Matches begin in so many of its bytes.</param>
/// <param name="Length">All of its bytes: what follows is for matches to end in.</param>
public readonly record struct SearchPiece(ulong Address, int Starts, int Length);
