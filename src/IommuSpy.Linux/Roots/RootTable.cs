using IommuSpy.Memory;

namespace IommuSpy.Linux.Roots;

/// <summary>A top-level page table.</summary>
/// <param name="Address">Its page.</param>
/// <param name="Levels">4, or 5.</param>
/// <param name="Kind">Whose it is.</param>
/// <param name="Name">A symbol that names it, or what tells: "init_top_pgt", "CR3 of CPU 0"; null where nothing does.</param>
/// <param name="UserBytes">Bytes that it maps in user space.</param>
public sealed record RootTable(PhysicalAddress Address, int Levels, RootKind Kind, string? Name, ulong UserBytes);
