using IommuSpy.Memory;

namespace IommuSpy.Analysis.Exposure;

/// <summary>A process that maps a page.</summary>
/// <param name="Process">"workload[173]".</param>
/// <param name="Virtual">The address at which the process maps it.</param>
/// <param name="Writable">Whether its tables let it write.</param>
public sealed record UserMapping(string Process, VirtualAddress Virtual, bool Writable);
