namespace IommuSpy.Catalogue;

/// <summary>Where text for people goes, and how it may look there.</summary>
/// <param name="Writer">Where to.</param>
/// <param name="Heading">How a heading is set off; the text itself where it is not.</param>
/// <param name="Printable">Makes a name out of a foreign memory harmless.</param>
internal sealed record TextForm(TextWriter Writer, Func<string, string> Heading, Func<string, string> Printable);
