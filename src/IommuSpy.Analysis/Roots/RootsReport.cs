using IommuSpy.Linux.Roots;
using IommuSpy.Linux.Tasks;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Roots;

/// <summary>Every top-level page table of a machine.</summary>
/// <param name="Roots">In order of address.</param>
/// <param name="Listed">Whether the kernel's own list of processes' tables could be read.</param>
public sealed record RootsReport(IReadOnlyList<RootReport> Roots, bool Listed)
{
    // An mm_struct of the kernel's own, through which it changes its code, since 5.0 (arch/x86/kernel/alternative.c); the second name since 6.15.
    private static readonly string[] PatchingMemory = ["poking_mm", "text_poke_mm"];

    /// <summary>Scans a machine's memory.</summary>
    public static RootsReport Of(Machine machine)
    {
        TaskTable? tasks = machine.FindTasks();
        Dictionary<PhysicalAddress, string> patching = [];
        foreach (string name in PatchingMemory)
        {
            if (tasks?.RootOf(name) is PhysicalAddress root)
            {
                patching[root] = $"{name}: the kernel changes its own code through it";
            }
        }

        PhysicalAddress?[] cpus = [.. machine.Image.Cpus.Select(cpu => machine.Kernel.Architecture.RootOf(cpu, machine.Kernel.Mode))];
        return new(
            [.. RootTables.FindAll(machine.Kernel).Select(root => RootReport.Of(
                root, tasks?.OwnersOf(root.Address) ?? [], patching.GetValueOrDefault(root.Address),
                cpus))],
            machine.Kernel.ProcessTables is not null);
    }
}
