using IommuSpy.Memory;

namespace IommuSpy.Analysis.Exposure;

/// <summary>A process that maps a page.</summary>
/// <param name="Process">"workload[173]".</param>
/// <param name="Virtual">Where.</param>
/// <param name="Writable">Whether its tables let it write.</param>
public sealed record UserMapping(string Process, VirtualAddress Virtual, bool Writable);
