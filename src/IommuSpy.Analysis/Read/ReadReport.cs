using IommuSpy.Memory;

namespace IommuSpy.Analysis.Read;

/// <summary>Bytes of memory.</summary>
/// <param name="Virtual">Address of the first; null where a physical one was asked for.</param>
/// <param name="Physical">Its physical address; null where a virtual one was asked for.</param>
/// <param name="Bytes">How many were read.</param>
/// <param name="Content">They, two hexadecimal digits each.</param>
/// <param name="Reason">Where and why reading ended before all was read; null where all was.</param>
public sealed record ReadReport(VirtualAddress? Virtual, PhysicalAddress? Physical, int Bytes, string Content, string? Reason);
