using IommuSpy.Linux.Hooks;
using IommuSpy.Linux.Kallsyms;

namespace IommuSpy.Analysis.Hooks;

/// <summary>A place where the kernel leaves its own code, with names.</summary>
/// <param name="Hook">The place.</param>
/// <param name="Within">The symbol that it is in; null for none.</param>
/// <param name="Leads">The symbol that it leads to; null for none.</param>
public sealed record HookRow(KernelHook Hook, SymbolOffset? Within, SymbolOffset? Leads)
{
    /// <summary>Whether nothing accounts for it: neither a record of the kernel's nor whose the code is.</summary>
    public bool IsUnexplained => Hook.Explained is null;

    /// <summary>Finds a machine's.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="receive">Receives each, as it is found.</param>
    /// <returns>What was looked at, and what could not be, a line each.</returns>
    public static (IReadOnlyList<string> Looked, IReadOnlyList<string> Problems) Find(Machine machine, Action<HookRow> receive) =>
        HookFinder.Find(machine.Parts, hook => receive(
            new(hook, machine.Parts.SymbolAt(hook.At), hook.Target is { } target ? machine.Parts.SymbolAt(target) : null)));
}
