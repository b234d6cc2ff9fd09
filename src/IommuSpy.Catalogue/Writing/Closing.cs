namespace IommuSpy.Catalogue;

/// <summary>What is said below rows that people read: sums, and the next question. It sees every row that is written.</summary>
internal abstract class Closing<TRow>
{
    /// <summary>A row that is written.</summary>
    public abstract void Add(TRow row);

    /// <summary>One line, after the last row; null for none.</summary>
    public abstract string? Line();
}
