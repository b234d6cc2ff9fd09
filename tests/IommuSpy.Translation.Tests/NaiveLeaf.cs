namespace IommuSpy.Translation.Tests;

/// <summary>A leaf as the naive walk of <see cref="RandomTables"/> finds it.</summary>
internal sealed record NaiveLeaf(ulong Address, ulong Size, int Level, ulong Entry, ulong Page, AccessRights Rights)
{
    internal ulong Last => Address + (Size - 1);

    internal bool Holds(ulong address) => address >= Address && address <= Last;
}
