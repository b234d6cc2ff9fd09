using IommuSpy.Linux.Roots;
using IommuSpy.Linux.Tasks;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Roots;

/// <summary>Every top-level page table of a machine.</summary>
/// <param name="Roots">In order of address.</param>
/// <param name="Listed">Whether the kernel's own list of processes' tables could be read.</param>
public sealed record RootsReport(IReadOnlyList<RootReport> Roots, bool Listed)
{
    /// <summary>Scans a machine's memory.</summary>
    public static RootsReport Of(Machine machine)
    {
        TaskTable? tasks = machine.Parts.Tasks.Value;
        PhysicalAddress?[] cpus = [.. machine.Image.Cpus.Select(cpu => machine.Kernel.Architecture.RootOf(cpu, machine.Kernel.Mode))];
        return new(
            [.. RootTables.FindAll(machine.Kernel, machine.Parts.ProcessTables).Select(root => RootReport.Of(
                root, tasks?.OwnersOf(root.Address) ?? [], tasks?.KernelMemories.GetValueOrDefault(root.Address), cpus))],
            machine.Parts.ProcessTables is not null);
    }
}
