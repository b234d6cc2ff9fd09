using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Modules;

/// <summary>
/// A loaded module (include/linux/module.h, struct module). Null is a stated absence: this kernel, or what describes its types, has no such field, or it could
/// not be read.
/// </summary>
public sealed class KernelModule
{
    private readonly Lazy<IReadOnlyList<ModuleSection>> _sections;
    private readonly Lazy<ModuleSymbols> _symbols;
    private readonly Lazy<KernelTypes?> _types;

    internal KernelModule(Func<IReadOnlyList<ModuleSection>> sections, Func<ModuleSymbols> symbols, Func<KernelTypes?> types)
    {
        _sections = new(sections);
        _symbols = new(symbols);
        _types = new(types);
    }

    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Its struct module.</summary>
    public required VirtualAddress Object { get; init; }

    /// <summary>How far its life has got.</summary>
    public required ModuleState State { get; init; }

    /// <summary>Its memory, in the order of the kernel's structure; without what has been freed.</summary>
    public required IReadOnlyList<ModuleMemory> Memory { get; init; }

    /// <summary>Where its text is, which /proc/modules calls its address.</summary>
    public required VirtualAddress Base { get; init; }

    /// <summary>Bytes of all its memory, as /proc/modules has it.</summary>
    public required ulong Size { get; init; }

    /// <summary>How many users it has.</summary>
    public long? References { get; init; }

    /// <summary>Modules that use it, in the kernel's order.</summary>
    public IReadOnlyList<string> Users { get; init; } = [];

    /// <summary>Whether it cannot be unloaded: it has an init function and no exit function.</summary>
    public bool IsPermanent { get; init; }

    /// <summary>The letters of what it taints the kernel with: "OE"; empty for none.</summary>
    public required string Taints { get; init; }

    /// <summary>The version that its source states.</summary>
    public string? Version { get; init; }

    /// <summary>Its sections, in the kernel's order; empty where the kernel keeps none (CONFIG_SYSFS off) or they cannot be read.</summary>
    public IReadOnlyList<ModuleSection> Sections => _sections.Value;

    /// <summary>Its symbols.</summary>
    public ModuleSymbols Symbols => _symbols.Value;

    /// <summary>Its own types, on top of the kernel's; null where it carries none (before 5.11, or without CONFIG_DEBUG_INFO_BTF_MODULES).</summary>
    public KernelTypes? Types => _types.Value;

    /// <summary>The run of its memory that an address falls into; null for none.</summary>
    public ModuleMemory? MemoryAt(VirtualAddress address) => Memory.FirstOrDefault(memory => memory.Contains(address));

    /// <summary>The line of /proc/modules.</summary>
    public override string ToString()
    {
        string users = string.Concat(Users.Select(user => user + ",")) + (IsPermanent ? "[permanent]," : "");
        string state = State switch
        {
            ModuleState.Live => "Live",
            ModuleState.Coming => "Loading",
            ModuleState.Going => "Unloading",
            _ => "Unformed",
        };
        string taints = Taints + (State switch { ModuleState.Going => "-", ModuleState.Coming => "+", _ => "" });
        string references = References?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "-";
        return FormattableString.Invariant(
            $"{Name} {Size} {references} {(users.Length == 0 ? "-" : users)} {state} {Base}{(taints.Length == 0 ? "" : $" ({taints})")}");
    }
}
