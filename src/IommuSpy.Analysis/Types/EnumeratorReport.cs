namespace IommuSpy.Analysis.Types;

/// <summary>A value of an enumeration.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value as decimal text: 64-bit values are safe in it.</param>
public sealed record EnumeratorReport(string Name, string Value);
