using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Modules;

/// <summary>The loaded modules, in the kernel's order: the newest first. Safe to share between threads.</summary>
public sealed class ModuleList
{
    internal ModuleList(IReadOnlyList<KernelModule> modules, string? damage)
    {
        Modules = modules;
        Damage = damage;
    }

    /// <summary>The modules.</summary>
    public IReadOnlyList<KernelModule> Modules { get; }

    /// <summary>Where and why the kernel's list could not be followed to its end; null for a whole list.</summary>
    public string? Damage { get; }

    /// <summary>Reads the list.</summary>
    /// <exception cref="MissingTypeException">Nothing describes struct module, or there is no variable modules: a kernel without modules, or without
    /// symbols.</exception>
    public static ModuleList Read(KernelObjects objects) => new ModuleReader(objects).Read();

    /// <summary>The module whose memory an address falls into; null for none.</summary>
    public KernelModule? At(VirtualAddress address) => Modules.FirstOrDefault(module => module.MemoryAt(address) is not null);

    /// <summary>The module of a name; null for none.</summary>
    public KernelModule? Find(string name) => Modules.FirstOrDefault(module => module.Name == name);

    /// <summary>The symbol at or nearest below an address in a module; null where none reaches.</summary>
    public SymbolOffset? SymbolAt(VirtualAddress address) => At(address)?.Symbols.At(address);

    /// <summary>The first symbol of a name in any module, in the kernel's order of modules; null where there is none.</summary>
    /// <param name="name">The name; "NAME [MODULE]" asks one module alone.</param>
    public Symbol? FindSymbol(ReadOnlySpan<char> name)
    {
        int bracket = name.EndsWith("]") ? name.LastIndexOf('[') : -1;
        string? owner = bracket > 0 ? name[(bracket + 1)..^1].ToString() : null;
        ReadOnlySpan<char> wanted = bracket > 0 ? name[..bracket].TrimEnd() : name;
        foreach (KernelModule module in Modules)
        {
            if ((owner is null || module.Name == owner) && module.Symbols.Find(wanted) is Symbol symbol)
            {
                return symbol;
            }
        }

        return null;
    }
}
