namespace IommuSpy.Catalogue.Comparison;

/// <summary>One difference between two captures.</summary>
/// <param name="Table">Of which table.</param>
/// <param name="Change">What sort of difference.</param>
/// <param name="What">What differs, by its name.</param>
/// <param name="Column">In which column; of what began or ended, the first of those that are counted.</param>
/// <param name="Before">What the earlier capture has there.</param>
/// <param name="After">What the later one has there.</param>
/// <param name="By">How far a number has moved; null for what is none.</param>
internal sealed record Difference(string Table, Change Change, string What, string? Column, string? Before, string? After, long? By);
