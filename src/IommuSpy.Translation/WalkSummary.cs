namespace IommuSpy.Translation;

/// <summary>What a walk over all of a table met.</summary>
/// <param name="Tables">Whole tables read, each as often as it is reached.</param>
/// <param name="MissingTables">Tables that an entry points at and the image lacks, all or a part of them.</param>
/// <param name="LimitReached">Whether the walk stopped early, at the most tables that one walk may look for: what it found is not all.</param>
public readonly record struct WalkSummary(long Tables, long MissingTables, bool LimitReached)
{
    /// <summary>
    /// Tables that one visit looks for at the most, there or not. Depth is bounded by the levels, but hostile tables that all point at one another make up to
    /// 2^36 paths. A sparse kernel with KASAN, whose shadow repeats one table 8 million times, stays below.
    /// </summary>
    public const long MaxTables = 10_000_000;

    /// <summary>What two walks met together.</summary>
    public static WalkSummary operator +(WalkSummary one, WalkSummary other) =>
        new(one.Tables + other.Tables, one.MissingTables + other.MissingTables, one.LimitReached || other.LimitReached);

    /// <summary>Entries looked at.</summary>
    /// <param name="indexBits">log2 of a table's entries.</param>
    public long Entries(int indexBits) => Tables << indexBits;
}
