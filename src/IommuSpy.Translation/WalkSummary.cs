namespace IommuSpy.Translation;

/// <summary>What a walk over all of a table met.</summary>
/// <param name="Tables">Tables read, each as often as it is reached.</param>
/// <param name="MissingTables">Tables that an entry points at and the image lacks.</param>
/// <param name="LimitReached">Whether the walk stopped early, at the most tables that one walk may read: what it found is not all.</param>
public readonly record struct WalkSummary(long Tables, long MissingTables, bool LimitReached)
{
    /// <summary>Entries looked at.</summary>
    /// <param name="indexBits">log2 of a table's entries.</param>
    public long Entries(int indexBits) => Tables << indexBits;
}
