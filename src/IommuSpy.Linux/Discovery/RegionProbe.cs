using IommuSpy.Memory;
using IommuSpy.Translation;
using IommuSpy.Translation.X64;

namespace IommuSpy.Linux.Discovery;

/// <summary>Finds vmalloc space and vmemmap in the tables alone: what is mapped between the direct map and cpu_entry_area.</summary>
/// <param name="Vmalloc">The GiB that holds the first mapping after the direct map; vmalloc space begins there unless its first GiB is empty.</param>
/// <param name="Vmemmap">The GiB boundary from which 64 bytes for each page frame of memory are mapped without a gap; null where none or several are.</param>
internal sealed record RegionProbe(VirtualAddress? Vmalloc, VirtualAddress? Vmemmap)
{
    // Both bases are multiples of 1 GiB, with KASLR and without (arch/x86/mm/kaslr.c).
    private const ulong Alignment = 1UL << 30;

    // Fixed in every layout since 4.16; nothing randomised lies above (Documentation/arch/x86/x86_64/mm.rst).
    private const ulong CpuEntryArea = 0xffff_fe00_0000_0000;

    /// <summary>Looks between the direct map's end and cpu_entry_area.</summary>
    public static RegionProbe Find(X64AddressSpace space, DirectMapProbe directMap, PhysicalMemory memory, int structPageBytes)
    {
        Boundaries boundaries = new(space, []);
        ulong first = (directMap.LastAddress.Value | (Alignment - 1)) + 1;
        BoundedVisit.Visit(space, memory, new(first), new(CpuEntryArea - 1), ref boundaries);
        VirtualAddress? vmalloc = boundaries.Found.Count > 0 ? new(boundaries.Found[0]) : null;
        VirtualAddress[] vmemmap = [.. boundaries.Found.Select(start => new VirtualAddress(start)).Where(start => HoldsPages(space, start, memory, structPageBytes))];
        return new(vmalloc, vmemmap.Length == 1 ? vmemmap[0] : null);
    }

    /// <summary>Whether 64 bytes for each page frame of memory are mapped from an address on.</summary>
    /// <remarks>
    /// vmalloc puts an unmapped guard page after every area: only vmemmap is mapped without a gap over whole sections of memory. So is KASAN's shadow, but over
    /// and over to one page, where struct pages have a frame for each of theirs.
    /// </remarks>
    public static bool HoldsPages(X64AddressSpace space, VirtualAddress start, PhysicalMemory memory, int structPageBytes)
    {
        foreach (PhysicalRange range in LargestRanges(memory))
        {
            ulong from = start.Value + (range.Start.Frame.Number * (ulong)structPageBytes);
            ulong bytes = (range.Length >> PageFrame.Shift) * (ulong)structPageBytes;
            MappedBytes mapped = new();
            space.Visit(new(from & ~0xfffUL), new((from + bytes - 1) | 0xfff), ref mapped);
            if (mapped.Bytes < bytes || mapped.Repeated > mapped.Bytes / 2)
            {
                return false;
            }
        }

        return true;
    }

    // Firmware keeps a few MiB here and there that have no struct page; where RAM mostly is, all have one. A machine with less than a section has its largest range.
    private static IEnumerable<PhysicalRange> LargestRanges(PhysicalMemory memory)
    {
        const ulong Section = 128UL << 20;
        bool any = false;
        foreach (PhysicalRange range in memory.Ranges)
        {
            ulong first = (range.Start.Value + Section - 1) & ~(Section - 1);
            ulong end = (range.Start.Value + range.Length) & ~(Section - 1);
            if (first < end)
            {
                any = true;
                yield return new(new(first), end - first);
            }
        }

        if (!any && memory.Ranges.Count > 0)
        {
            yield return memory.Ranges.MaxBy(range => range.Length);
        }
    }

    /// <summary>The GiB boundaries below each separate run of mappings.</summary>
    private readonly struct Boundaries(X64AddressSpace space, List<ulong> found) : ILeafVisitor
    {
        public List<ulong> Found => found;

        public void Leaf(ulong address, int level, ulong entry, ulong grants)
        {
            ulong boundary = space.SignExtend(address) & ~(Alignment - 1);
            if (found.Count == 0 || found[^1] != boundary)
            {
                found.Add(boundary);
            }
        }
    }

    private struct MappedBytes : ILeafVisitor
    {
        private ulong _before;

        public ulong Bytes { get; private set; }

        /// <summary>Bytes mapped to the same page as those before them.</summary>
        public ulong Repeated { get; private set; }

        public void Leaf(ulong address, int level, ulong entry, ulong grants)
        {
            ulong size = 1UL << (3 + (9 * level));
            ulong target = X64Format.Target(entry);
            Repeated += Bytes > 0 && target == _before ? size : 0;
            Bytes += size;
            _before = target;
        }
    }
}
