using IommuSpy.Linux.AddressSpaces;
using IommuSpy.Linux.Tasks;
using IommuSpy.Linux.Types;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Vmas;

/// <summary>What a process has mapped.</summary>
/// <param name="Process">Whose it is.</param>
/// <param name="Rows">In order of address.</param>
/// <param name="Problems">What of it could not be read or contradicts itself, a line each; empty where nothing does.</param>
public sealed record VmaList(KernelTask Process, IReadOnlyList<VmaReport> Rows, IReadOnlyList<string> Problems)
{
    /// <summary>Reads the areas of a process.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="process">The process, or a thread of it; one that has an mm_struct.</param>
    /// <param name="rights">Only areas that allow all of these: reading, writing and executing.</param>
    /// <exception cref="Linux.Types.MissingTypeException">This kernel's areas are not described.</exception>
    public static VmaList Of(Machine machine, KernelTask process, AccessRights rights = AccessRights.None)
    {
        ProcessMemory space = machine.Parts.MemoryOf(process).Required;
        List<string> problems = [.. space.Damage.Select(damage => $"{process}: {damage}")];
        if (process.Problem is not null)
        {
            problems.Add($"{process}: {process.Problem}: what of its areas is in memory is not known");
        }

        if (rights != AccessRights.None && space.Areas.Any(area => area.Access is null))
        {
            throw new MissingTypeException("what areas allow is not known: nothing describes vm_area_struct.vm_flags");
        }

        return new(
            process,
            [.. space.Areas.Where(area => area.Allows(rights)).Select(area => VmaReport.Of(
                area,
                process.Root is { } root ? AreaUsage.Of(machine.Kernel.Memory, machine.Space(root), area, machine.Parts.UserEntries) : default))],
            problems);
    }

    /// <summary>Reads those of every process that has memory of its own, by pid, one at a time.</summary>
    /// <inheritdoc cref="Of"/>
    public static IEnumerable<VmaList> OfAll(Machine machine, AccessRights rights = AccessRights.None) =>
        machine.Parts.Tasks.Required.Processes.Where(process => process.Mm is not null).Select(process => Of(machine, process, rights));
}
