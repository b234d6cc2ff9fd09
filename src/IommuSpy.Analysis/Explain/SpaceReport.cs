using IommuSpy.Memory;

namespace IommuSpy.Analysis.Explain;

/// <summary>What a user address is in one process's space.</summary>
/// <param name="Root">The process's top table.</param>
/// <param name="Address">The address in that space.</param>
/// <param name="Physical">What it translates to; null where it does not.</param>
/// <param name="PageSize">Bytes of the page; 0 where there is none.</param>
/// <param name="Rights">"user rw-"; null where there is no page.</param>
/// <param name="Reason">Why there is no physical address; null where there is one.</param>
public sealed record SpaceReport(PhysicalAddress Root, VirtualAddress Address, PhysicalAddress? Physical, ulong PageSize, string? Rights, string? Reason);
