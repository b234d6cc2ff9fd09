namespace IommuSpy.Linux;

/// <summary>Why something is not there.</summary>
/// <param name="Why">One sentence without a full stop.</param>
public readonly record struct Absence(string Why);
