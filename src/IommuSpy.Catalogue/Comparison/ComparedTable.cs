namespace IommuSpy.Catalogue.Comparison;

/// <summary>What the comparison of one table came to.</summary>
/// <param name="Table">The table's name.</param>
/// <param name="Before">How many things the earlier capture has.</param>
/// <param name="After">How many the later one has.</param>
/// <param name="Absence">Why they were not compared; null where they were.</param>
/// <param name="Idle">What of it changes though nobody does anything; null where nothing does.</param>
/// <param name="Differences">Every difference.</param>
internal sealed record ComparedTable(string Table, int Before, int After, string? Absence, string? Idle, IReadOnlyList<Difference> Differences)
{
    /// <summary>Whether a part of it could not be read in one of the captures: what is there may differ, too.</summary>
    public bool IsPartial { get; init; }
}
