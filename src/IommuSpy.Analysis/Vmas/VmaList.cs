using IommuSpy.Linux.AddressSpaces;
using IommuSpy.Linux.Tasks;

namespace IommuSpy.Analysis.Vmas;

/// <summary>What a process has mapped.</summary>
/// <param name="Process">Whose it is.</param>
/// <param name="Rows">In order of address.</param>
/// <param name="Problems">What of it could not be read or contradicts itself, a line each; empty where nothing does.</param>
public sealed record VmaList(KernelTask Process, IReadOnlyList<VmaReport> Rows, IReadOnlyList<string> Problems)
{
    /// <summary>Reads it.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="process">The process, or a thread of it; one that has an mm_struct.</param>
    /// <exception cref="Linux.Types.MissingTypeException">This kernel's areas are not described.</exception>
    public static VmaList Of(Machine machine, KernelTask process)
    {
        ProcessMemory space = machine.MemoryOf(process);
        List<string> problems = [.. space.Damage.Select(damage => $"{process}: {damage}")];
        if (process.Problem is not null)
        {
            problems.Add($"{process}: {process.Problem}: what of its areas is in memory is not known");
        }

        return new(
            process,
            [.. space.Areas.Select(area => VmaReport.Of(
                area,
                process.Root is { } root ? AreaUsage.Of(machine.Kernel.Memory, machine.Space(root), area, machine.UserEntries) : default))],
            problems);
    }
}
