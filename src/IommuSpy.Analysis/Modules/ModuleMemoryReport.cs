using IommuSpy.Memory;

namespace IommuSpy.Analysis.Modules;

/// <summary>A run of a module's memory.</summary>
/// <param name="Kind">What it holds: "text", "rodata", "ro after init", "data".</param>
/// <param name="Start">First address.</param>
/// <param name="Length">Bytes.</param>
public sealed record ModuleMemoryReport(string Kind, VirtualAddress Start, ulong Length);
