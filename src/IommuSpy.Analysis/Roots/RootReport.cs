using IommuSpy.Linux.Roots;
using IommuSpy.Linux.Tasks;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Roots;

/// <summary>A top-level page table.</summary>
/// <param name="Address">Its page.</param>
/// <param name="Levels">4, or 5.</param>
/// <param name="Kind">Whose it is.</param>
/// <param name="Name">What names it: a process's name and number, "workload[173]", or a symbol; null where nothing does.</param>
/// <param name="UserBytes">Bytes that it maps in user space.</param>
/// <param name="Pids">The processes that go through it, by number: more than one where they share their memory. Empty for what is no process's, and where
/// processes are not known.</param>
/// <param name="Cpus">Which CPUs used it when the image was taken; empty where the image does not tell.</param>
public sealed record RootReport(PhysicalAddress Address, int Levels, RootKind Kind, string? Name, ulong UserBytes, IReadOnlyList<int> Pids,
    IReadOnlyList<int> Cpus)
{
    /// <summary>The report of a root.</summary>
    /// <param name="root">The root.</param>
    /// <param name="owners">The processes that go through it.</param>
    /// <param name="memory">The kernel's variable for it, where it is the kernel's own and no process's (<see cref="TaskTable.KernelMemories"/>).</param>
    /// <param name="cpus">The root table of each CPU, as far as the image has their registers.</param>
    internal static RootReport Of(RootTable root, IReadOnlyList<KernelTask> owners, string? memory, IReadOnlyList<PhysicalAddress?> cpus) => new(
        root.Address, root.Levels, memory is null ? root.Kind : RootKind.KernelMemory,
        owners.Count > 0 ? string.Join(", ", owners) : memory is null ? root.Name : $"{memory}: the kernel changes its own code through it", root.UserBytes,
        [.. owners.Select(owner => owner.Pid)],
        [.. Enumerable.Range(0, cpus.Count).Where(i => cpus[i] == root.Address)]);
}
