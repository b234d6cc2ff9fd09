namespace IommuSpy.Analysis.Read;

/// <summary>How a read went.</summary>
/// <param name="Length">Bytes read.</param>
/// <param name="End">Where and why it ended before all was read; null where all was.</param>
public sealed record ReadResult(int Length, string? End);
