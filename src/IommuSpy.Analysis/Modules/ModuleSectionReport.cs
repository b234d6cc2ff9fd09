using IommuSpy.Memory;

namespace IommuSpy.Analysis.Modules;

/// <summary>A section of a module's file.</summary>
/// <param name="Name">".text".</param>
/// <param name="Address">Where it was loaded to.</param>
public sealed record ModuleSectionReport(string Name, VirtualAddress Address);
