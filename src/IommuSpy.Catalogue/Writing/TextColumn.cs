namespace IommuSpy.Catalogue;

/// <summary>A column as people read it.</summary>
/// <param name="Heading">What stands above it.</param>
/// <param name="Of">What a row has there.</param>
/// <param name="Right">Whether its cells end at the same place: numbers.</param>
internal sealed record TextColumn<TRow>(string Heading, Func<TRow, string> Of, bool Right = false);
