namespace IommuSpy;

/// <summary>A symbol of the kernel or of a module, as /proc/kallsyms lists it.</summary>
/// <param name="Address">Its virtual address; of a per-CPU symbol as kallsyms has it, before a CPU's offset is added.</param>
/// <param name="Type">nm's letter: "T" for text, "D" for data.</param>
/// <param name="Name">Its name.</param>
/// <param name="Module">The module that it belongs to; null for the kernel itself.</param>
public sealed record Symbol(ulong Address, char Type, string Name, string? Module)
{
    internal static Symbol Of(in Linux.Kallsyms.Symbol symbol) => new(symbol.Address.Value, symbol.Type, symbol.Name, symbol.Module);
}
