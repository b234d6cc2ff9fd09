using IommuSpy.Memory;

namespace IommuSpy.Linux.Modules;

/// <summary>A section of a module's file, where it was loaded to; as under /sys/module/NAME/sections.</summary>
/// <param name="Name">".text".</param>
/// <param name="Address">Where it is. Sections for loading alone are listed too, and their memory has been freed.</param>
public readonly record struct ModuleSection(string Name, VirtualAddress Address);
