using IommuSpy.Memory.Formats.Elf;

namespace IommuSpy.Memory.Sources.Live;

/// <summary>
/// Which of /proc/kcore's segments are physical memory. It lists virtual ranges (fs/proc/kcore.c): memory through the direct map, and besides it the kernel's
/// image, vmalloc space, vmemmap, which are the same memory once more, or none.
/// </summary>
internal static class KcoreMap
{
    // Where the kernel's image begins (__START_KERNEL_map); modules, fixmap and vsyscall lie above.
    private const ulong ImageStart = 0xffff_ffff_8000_0000;
    private const ulong KernelHalf = 1UL << 63;

    // The direct map begins at a multiple of this on every kernel (arch/x86/mm/kaslr.c).
    private const ulong Alignment = 1UL << 30;

    /// <summary>A run of memory, and where in the file it stands.</summary>
    internal readonly record struct Run(PhysicalRange Range, ulong Offset);

    /// <summary>The runs of memory, in order.</summary>
    /// <param name="headers">The file's program headers.</param>
    /// <param name="ram">What /proc/iomem calls System RAM; empty where it does not tell.</param>
    /// <param name="problem">Why there are none; null where there are.</param>
    internal static IReadOnlyList<Run> Memory(IReadOnlyList<ElfProgramHeader> headers, IReadOnlyList<PhysicalRange> ram, out string? problem)
    {
        problem = null;
        ElfProgramHeader[] candidates =
            [.. headers.Where(header =>
                header.Type == ElfProgramHeader.Load && header.VirtualAddress is >= KernelHalf and < ImageStart && header.MemoryBytes is > 0 and < KernelHalf)];
        if (DirectMap(candidates, ram, out problem) is not ulong directMap)
        {
            return [];
        }

        List<Run> runs = [];
        foreach (ElfProgramHeader header in candidates.OrderBy(header => header.VirtualAddress))
        {
            ulong physical = unchecked(header.VirtualAddress - directMap);
            if (header.VirtualAddress < directMap || (HasPhysical(header) && header.PhysicalAddress != physical))
            {
                continue;
            }

            PhysicalRange segment = new(new(physical), header.MemoryBytes);
            foreach (PhysicalRange range in ram.Count > 0 ? ram : [segment])
            {
                ulong first = Math.Max(range.Start.Value, physical);
                ulong last = Math.Min(range.Last.Value, segment.Last.Value);
                if (first <= last)
                {
                    runs.Add(new(new(new(first), last - first + 1), header.Offset + (first - physical)));
                }
            }
        }

        problem = runs.Count > 0 ? null : "none of its segments is System RAM of /proc/iomem";
        return runs;
    }

    /// <summary>
    /// Where the direct map begins: by the physical addresses that the kernel gives since 4.11; before, by the only distance at which every run of System RAM
    /// has a segment of its own.
    /// </summary>
    private static ulong? DirectMap(ElfProgramHeader[] candidates, IReadOnlyList<PhysicalRange> ram, out string? problem)
    {
        problem = null;
        ulong[] said =
            [.. candidates.Where(HasPhysical).Select(header => unchecked(header.VirtualAddress - header.PhysicalAddress)).Where(at => at % Alignment == 0)
                .Distinct()];
        if (said.Length == 1)
        {
            return said[0];
        }

        if (ram.Count == 0)
        {
            problem = said.Length > 1
                ? "its physical addresses contradict each other"
                : "its segments have no physical addresses (kernels before 4.11), and /proc/iomem shows none: that takes CAP_SYS_ADMIN";
            return null;
        }

        ulong[] fitting = [.. candidates.SelectMany(header => ram.Select(range => unchecked(header.VirtualAddress - range.Start.Value)))
            .Distinct().Where(at => at % Alignment == 0 && at >= KernelHalf && ram.All(range => HasSegment(candidates, at, range)))];
        problem = fitting.Length == 1 ? null
            : fitting.Length == 0 ? "no place of the direct map fits its segments to the System RAM of /proc/iomem"
            : "several places of the direct map fit its segments to the System RAM of /proc/iomem";
        return fitting.Length == 1 ? fitting[0] : null;
    }

    // A segment is as long as the run of memory that it stands for: vmalloc space, which is larger than all, holds any.
    private static bool HasSegment(ElfProgramHeader[] candidates, ulong directMap, PhysicalRange range) => candidates.Any(header =>
        header.VirtualAddress == unchecked(directMap + range.Start.Value) && header.MemoryBytes == range.Length);

    // -1 says that there is none (4.11 on), 0 says nothing (before): physical 0 itself is never listed.
    private static bool HasPhysical(ElfProgramHeader header) => header.PhysicalAddress is not (0 or ulong.MaxValue);
}
