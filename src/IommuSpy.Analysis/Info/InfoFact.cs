namespace IommuSpy.Analysis.Info;

/// <summary>A fact by which a kernel is found, in words.</summary>
/// <param name="Name">What it is: "KASLR offset".</param>
/// <param name="Value">Its value; null where it was not found.</param>
/// <param name="Sources">What tells it: "page tables".</param>
public sealed record InfoFact(string Name, string? Value, IReadOnlyList<string> Sources);
