using IommuSpy.Linux.Modules;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Modules;

/// <summary>A loaded module. Null is a stated absence.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Size">Bytes of its memory.</param>
/// <param name="References">How many users it has.</param>
/// <param name="Users">Modules that use it.</param>
/// <param name="Permanent">Whether it cannot be unloaded.</param>
/// <param name="State">"live", "coming" or "going".</param>
/// <param name="Address">Where its text is.</param>
/// <param name="Taints">Letters of what it taints the kernel with.</param>
/// <param name="Version">The version that its source states.</param>
/// <param name="SymbolCount">How many symbols it has.</param>
/// <param name="Memory">Its memory, run by run.</param>
/// <param name="Sections">Its sections; those whose memory has been freed are not shown.</param>
/// <param name="Object">Its struct module.</param>
public sealed record ModuleReport(
    string Name,
    ulong Size,
    long? References,
    IReadOnlyList<string> Users,
    bool Permanent,
    string State,
    VirtualAddress Address,
    string Taints,
    string? Version,
    int SymbolCount,
    IReadOnlyList<ModuleMemoryReport> Memory,
    IReadOnlyList<ModuleSectionReport> Sections,
    VirtualAddress Object)
{
    /// <summary>Describes a module.</summary>
    public static ModuleReport Of(KernelModule module) => new(
        module.Name,
        module.Size,
        module.References,
        module.Users,
        module.IsPermanent,
        module.State.ToString().ToLowerInvariant(),
        module.Base,
        module.Taints,
        module.Version,
        module.Symbols.Count,
        [.. module.Memory.Select(memory => new ModuleMemoryReport(memory.Kind, memory.Start, memory.Length))],
        [.. module.Sections.Where(section => module.MemoryAt(section.Address) is not null).OrderBy(section => section.Address)
            .Select(section => new ModuleSectionReport(section.Name, section.Address))],
        module.Object);
}
