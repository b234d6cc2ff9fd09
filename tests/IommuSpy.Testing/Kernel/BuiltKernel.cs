using IommuSpy.Linux.Kallsyms;
using IommuSpy.Memory;
using IommuSpy.Testing.X64;

namespace IommuSpy.Testing.Kernel;

/// <summary>A kernel laid out in memory, and what is true of it: what discovery has to find.</summary>
public sealed class BuiltKernel
{
    internal BuiltKernel(KernelBuilder made, PageTableBuilder tables)
    {
        Made = made;
        Tables = tables;
    }

    /// <summary>How it was made: where its bases are.</summary>
    public KernelBuilder Made { get; }

    /// <summary>The kernel's own tables, for mapping more.</summary>
    public PageTableBuilder Tables { get; }

    /// <summary>Its own root table.</summary>
    public PhysicalAddress Root => Tables.Root;

    /// <summary>Every symbol of its table, in order.</summary>
    public required IReadOnlyList<Symbol> Symbols { get; init; }

    /// <summary>Every place in its image by name, listed in its symbol table or not.</summary>
    public required IReadOnlyDictionary<string, VirtualAddress> Places { get; init; }

    /// <summary>Its processes, in the order of pgd_list.</summary>
    public required IReadOnlyList<BuiltProcess> Processes { get; init; }

    /// <summary>The top-level table of a process that has ended: it keeps its shape and is on no list.</summary>
    public required PhysicalAddress FreedRoot { get; init; }

    /// <summary>The real-mode trampoline's top-level table, below 1 MiB.</summary>
    public required PhysicalAddress TrampolineRoot { get; init; }

    /// <summary>Module pages, lowest first.</summary>
    public required IReadOnlyList<VirtualAddress> Modules { get; init; }

    /// <summary>Physical address of a place in its image.</summary>
    public PhysicalAddress PhysicalOf(string place) => Made.ToPhysical(Places[place]);

    /// <summary>Physical address of the struct page of a frame.</summary>
    public required Func<PageFrame, PhysicalAddress> StructPage { get; init; }
}
