using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.Vmalloc;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Vmalloc;

/// <summary>A piece of vmalloc space. Null is a stated absence.</summary>
/// <param name="Start">First address.</param>
/// <param name="End">Last address; the guard page's, where there is one.</param>
/// <param name="Size">Bytes, the guard page among them.</param>
/// <param name="Use">"vmalloc", "ioremap", "vmap", "dma-coherent", "vm_map_ram", "unpurged" or "other".</param>
/// <param name="Caller">Who asked for it: "kernel_clone+0xbf".</param>
/// <param name="CallerAddress">The same as an address.</param>
/// <param name="Pages">How many pages the kernel keeps for it.</param>
/// <param name="Physical">Of an ioremap, where it leads.</param>
/// <param name="GuardPage">Whether its last page is never mapped.</param>
/// <param name="StackOf">Of a task's kernel stack, whose: "kworker/0:1[9]".</param>
public sealed record VmallocReport(
    VirtualAddress Start,
    VirtualAddress End,
    ulong Size,
    string Use,
    string? Caller,
    VirtualAddress? CallerAddress,
    uint? Pages,
    PhysicalAddress? Physical,
    bool GuardPage,
    string? StackOf)
{
    /// <summary>Describes a piece.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="area">The piece.</param>
    public static VmallocReport Of(Machine machine, VmallocArea area) => new(
        area.Start,
        area.Start + (area.Length - 1),
        area.Length,
        Words(area.Use),
        CallerOf(machine, area)?.ToString(),
        area.Caller,
        area.Pages,
        area.Physical,
        area.HasGuardPage,
        machine.Parts.Stacks.Value?.Owner(area.Start)?.ToString());

    /// <summary>The symbol of who asked for it.</summary>
    public static SymbolOffset? CallerOf(Machine machine, VmallocArea area) => area.Caller is VirtualAddress caller ? machine.Parts.SymbolAt(caller) : null;

    /// <summary>The word of /proc/vmallocinfo for a use.</summary>
    public static string Words(VmallocUse use) => use switch
    {
        VmallocUse.Vmalloc => "vmalloc",
        VmallocUse.IoRemap => "ioremap",
        VmallocUse.Vmap => "vmap",
        VmallocUse.DmaCoherent => "dma-coherent",
        VmallocUse.RamMap => "vm_map_ram",
        VmallocUse.Unpurged => "unpurged",
        _ => "other",
    };
}
