namespace IommuSpy.Catalogue.Comparison;

/// <summary>How the later of two captures differs from the earlier.</summary>
internal enum Change
{
    /// <summary>It is in the later one alone.</summary>
    Began,

    /// <summary>It is in the earlier one alone.</summary>
    Ended,

    /// <summary>A number of it is greater.</summary>
    Grew,

    /// <summary>A number of it is less.</summary>
    Shrank,

    /// <summary>Something else of it differs.</summary>
    Changed,
}
