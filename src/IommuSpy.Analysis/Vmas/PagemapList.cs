using IommuSpy.Linux.AddressSpaces;
using IommuSpy.Linux.Tasks;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Vmas;

/// <summary>Every page of a process, as its /proc/PID/pagemap tells of them.</summary>
public static class PagemapList
{
    /// <summary>
    /// Hands each page to <paramref name="receive"/> with the area that holds it, in order of address, as it is found: a process has millions.
    /// </summary>
    /// <param name="machine">The machine.</param>
    /// <param name="process">The process, or a thread of it; one whose top-level table is known.</param>
    /// <param name="first">First address of interest.</param>
    /// <param name="last">Last address of interest, inclusive.</param>
    /// <param name="receive">Told of each page.</param>
    /// <returns>What is missing from it or contradicts itself, a line each; empty where nothing does.</returns>
    /// <exception cref="Linux.Types.MissingTypeException">This kernel's areas are not described.</exception>
    public static IReadOnlyList<string> Visit(Machine machine, KernelTask process, VirtualAddress first, VirtualAddress last,
        Action<MemoryArea, PagemapPage> receive)
    {
        ProcessMemory areas = machine.Parts.MemoryOf(process).Required;
        List<string> problems = [.. areas.Damage.Select(damage => $"{process}: {damage}")];
        if (process.Root is not PhysicalAddress root)
        {
            return [.. problems, $"{process}: {process.Problem ?? "its top-level page table is not known"}"];
        }

        AddressSpace space = machine.Space(root);
        Pagemap pagemap = new(machine.Kernel.Memory, machine.Parts.UserEntries, machine.Parts.Pages.Value);
        bool whole = true;
        foreach (MemoryArea area in areas.Areas)
        {
            whole &= pagemap.Visit(space, area, first, last, page => receive(area, page));
        }

        if (!whole)
        {
            problems.Add($"{process}: not all of its page tables could be read: pages that they hold are shown as absent");
        }

        return problems;
    }
}
