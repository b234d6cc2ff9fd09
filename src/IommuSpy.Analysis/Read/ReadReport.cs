namespace IommuSpy.Analysis.Read;

/// <summary>Bytes of memory.</summary>
/// <param name="Address">Address of the first.</param>
/// <param name="IsPhysical">Whether that is a physical address.</param>
/// <param name="Length">How many were read.</param>
/// <param name="Bytes">They, two hexadecimal digits each.</param>
/// <param name="End">Where and why reading ended before all was read; null where all was.</param>
public sealed record ReadReport(HexValue Address, bool IsPhysical, int Length, string Bytes, string? End);
