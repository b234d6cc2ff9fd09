using IommuSpy.Linux.Roots;

namespace IommuSpy.Analysis.Roots;

/// <summary>Every top-level page table of a machine.</summary>
/// <param name="Roots">In order of address.</param>
/// <param name="Listed">Whether the kernel's own list of processes' tables could be read.</param>
public sealed record RootsReport(IReadOnlyList<RootReport> Roots, bool Listed)
{
    /// <summary>Scans a machine's memory.</summary>
    public static RootsReport Of(Machine machine) => new(
        [.. RootTables.FindAll(machine.Kernel).Select(root => RootReport.Of(root, machine.Image.Cpus, machine.Kernel.Facts.EntryMask.Value))],
        machine.Kernel.ProcessTables is not null);
}
