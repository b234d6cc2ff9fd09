namespace IommuSpy.Linux.Inference.Modules;

/// <summary>The modules that are loaded.</summary>
/// <param name="All">Every struct module.</param>
internal sealed record ModuleSet(List<ulong> All);
