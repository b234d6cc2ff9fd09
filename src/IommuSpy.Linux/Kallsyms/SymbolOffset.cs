namespace IommuSpy.Linux.Kallsyms;

/// <summary>A place inside a symbol.</summary>
/// <param name="Symbol">The symbol at or below the place.</param>
/// <param name="Offset">Bytes from the symbol's address to the place.</param>
/// <param name="Size">
/// Bytes from the symbol's address to the next symbol's: kallsyms keeps no sizes, so this includes padding and whatever has no symbol.
/// 0 for the last symbol, which nothing bounds.
/// </param>
public readonly record struct SymbolOffset(Symbol Symbol, ulong Offset, ulong Size)
{
    /// <summary>"name", "name+0x1c", or "name+0x1c [module]".</summary>
    public override string ToString() => (Offset == 0 ? Symbol.Name : $"{Symbol.Name}+0x{Offset:x}") + (Symbol.Module is string module ? $" [{module}]" : "");

    /// <summary>As the kernel prints addresses with %pS: "name+0x1c/0x40", or "name+0x1c/0x40 [module]".</summary>
    public string ToKernelString() => $"{Symbol.Name}+0x{Offset:x}/0x{Size:x}" + (Symbol.Module is string module ? $" [{module}]" : "");
}
