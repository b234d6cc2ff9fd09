using IommuSpy.Linux.Kallsyms;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Frames;

/// <summary>Which section of the kernel's image an address is in, by the symbols that the linker puts around each (arch/x86/kernel/vmlinux.lds.S).</summary>
internal static class ImageSection
{
    private static readonly (string First, string End, string Name)[] Sections =
    [
        ("_stext", "_etext", "kernel text"),
        ("__start_rodata", "__end_rodata", "kernel rodata"),
        ("__init_begin", "__init_end", "init section, freed after boot"),
        ("_sdata", "_edata", "kernel data"),
        ("__bss_start", "__bss_stop", "kernel bss"),
        ("__brk_base", "__brk_limit", "kernel brk area"),
    ];

    /// <summary>The section in words, or null where no pair of symbols is around the address.</summary>
    public static string? Of(SymbolTable? symbols, VirtualAddress address)
    {
        if (symbols is null)
        {
            return null;
        }

        foreach ((string first, string end, string name) in Sections)
        {
            if (symbols.TryFind(first, out Symbol from) && symbols.TryFind(end, out Symbol to)
                && from.Address.CompareTo(address) <= 0 && address.CompareTo(to.Address) < 0)
            {
                return name;
            }
        }

        return null;
    }
}
