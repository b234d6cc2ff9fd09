using IommuSpy.Memory;

namespace IommuSpy.Linux.Kallsyms;

/// <summary>One line of /proc/kallsyms.</summary>
/// <param name="Address">Run-time address. A per-CPU symbol of a kernel before 6.15 has its offset in the per-CPU area here, not an address.</param>
/// <param name="Type">nm's letter: T text, D data, B bss, R read-only, W weak, A absolute; lower case where the symbol is local to its file.</param>
/// <param name="Name">The name; not unique, since every file may have a static symbol of the same name. Each character is one byte of the kernel's
/// (Latin-1).</param>
/// <param name="Module">The module that it belongs to; null for the kernel's own.</param>
public readonly record struct Symbol(VirtualAddress Address, char Type, string Name, string? Module = null)
{
    /// <summary>The line as /proc/kallsyms prints it to root.</summary>
    public override string ToString() => Module is null ? $"{Address.Value:x16} {Type} {Name}" : $"{Address.Value:x16} {Type} {Name}\t[{Module}]";
}
