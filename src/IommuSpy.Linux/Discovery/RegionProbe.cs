using IommuSpy.Linux.Architecture;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Linux.Discovery;

/// <summary>Finds vmalloc space and vmemmap in the tables alone: what is mapped behind the direct map.</summary>
/// <param name="Vmalloc">The boundary below the first mapping after the direct map; vmalloc space begins there unless what lies between is empty.</param>
/// <param name="Vmemmap">The boundary from which a struct page for each page frame of memory is mapped without a gap; null where none or several are.</param>
internal sealed record RegionProbe(VirtualAddress? Vmalloc, VirtualAddress? Vmemmap)
{
    // Struct pages are mapped for whole sections (SECTION_SIZE_BITS), or what memory there is of one.
    private const ulong Section = 128UL << 20;

    /// <summary>Looks between the direct map's end and that of the space in which the kernel chooses places.</summary>
    public static RegionProbe Find(
        AddressSpace space, CpuArchitecture architecture, DirectMapProbe directMap, TextMapping text, PhysicalMemory memory, int structPageBytes)
    {
        Boundaries boundaries = new(architecture.BaseAlignment, []);
        ulong first = (directMap.LastAddress.Value | (architecture.BaseAlignment - 1)) + 1;
        BoundedVisit.Visit(space, new(first), architecture.ChosenSpace(space.Mode).Last, ref boundaries);
        VirtualAddress? vmalloc = boundaries.Found.Count > 0 ? new(boundaries.Found[0].Boundary) : null;

        // The array begins with the struct page of frame 0, or with that of the first frame there is: arm64 has nothing below it.
        ulong lacking = memory.Ranges.Count == 0 ? 0 : ((memory.Ranges[0].Start.Value & ~(Section - 1)) >> space.Format.PageShift) * (ulong)structPageBytes;
        VirtualAddress[] vmemmap =
        [
            .. boundaries.Found.SelectMany(run => (ulong[])[run.Boundary, unchecked(run.First - lacking)]).Distinct()
                .Select(start => new VirtualAddress(start)).Where(start => HoldsPages(space, start, directMap, text, memory, structPageBytes)),
        ];
        return new(vmalloc, vmemmap.Length == 1 ? vmemmap[0] : null);
    }

    /// <summary>Whether a struct page for each page frame of memory is mapped from an address on.</summary>
    /// <remarks>
    /// vmalloc puts an unmapped guard page after every area: only vmemmap is mapped without a gap over whole sections of memory. So is KASAN's shadow, but over
    /// and over to one page, where struct pages have a frame for each of theirs; and so is what ioremap maps of a large device, as of PCI configuration space,
    /// but to what is no memory, where struct pages are in memory, which the direct map maps. The image is mapped so where it lies there.
    /// </remarks>
    private static bool HoldsPages(
        AddressSpace space, VirtualAddress start, DirectMapProbe directMap, TextMapping text, PhysicalMemory memory, int structPageBytes)
    {
        foreach (PhysicalRange range in LargestRanges(memory))
        {
            ulong from = start.Value + ((range.Start.Value >> space.Format.PageShift) * (ulong)structPageBytes);
            ulong bytes = (range.Length >> space.Format.PageShift) * (ulong)structPageBytes;
            ulong inPage = space.Format.PageBytes - 1;
            MappedBytes mapped = new(space, directMap.Base);
            space.Visit(new(from & ~inPage), new((from + bytes - 1) | inPage), ref mapped);
            if (text.Contains(new(from)) || mapped.Bytes < bytes || mapped.Repeated > mapped.Bytes / 2)
            {
                return false;
            }
        }

        return true;
    }

    // Firmware keeps a few MiB here and there that have no struct page; where RAM mostly is, all have one. A machine with less than a section has its largest
    // range.
    private static IEnumerable<PhysicalRange> LargestRanges(PhysicalMemory memory)
    {
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

    /// <summary>The boundaries below each separate run of mappings.</summary>
    private readonly struct Boundaries(ulong alignment, List<(ulong Boundary, ulong First)> found) : ICpuLeafVisitor
    {
        public List<(ulong Boundary, ulong First)> Found => found;

        public void Leaf<TFormat>(in CpuLeaf<TFormat> leaf)
            where TFormat : struct, ITableFormat
        {
            ulong boundary = leaf.Address.Value & ~(alignment - 1);
            if (found.Count == 0 || found[^1].Boundary != boundary)
            {
                found.Add((boundary, leaf.Address.Value));
            }
        }
    }

    private struct MappedBytes(AddressSpace space, VirtualAddress directMap) : ICpuLeafVisitor
    {
        private PhysicalAddress _before;

        /// <summary>Bytes mapped to memory.</summary>
        public ulong Bytes { get; private set; }

        /// <summary>Bytes mapped to the same page as those before them.</summary>
        public ulong Repeated { get; private set; }

        public void Leaf<TFormat>(in CpuLeaf<TFormat> leaf)
            where TFormat : struct, ITableFormat
        {
            if (!space.TryTranslate(directMap + leaf.Physical.Value, out PhysicalAddress memory) || memory != leaf.Physical)
            {
                return;
            }

            Repeated += Bytes > 0 && leaf.Physical == _before ? leaf.Bytes : 0;
            Bytes += leaf.Bytes;
            _before = leaf.Physical;
        }
    }
}
