using IommuSpy.Linux.Architecture;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Linux.Discovery;

/// <summary>
/// Where the tables map all of physical memory at one distance: the direct map. It is the distance at which by far the most is mapped; vmalloc,
/// vmemmap and the rest lie scattered.
/// </summary>
/// <param name="Base">The virtual address that stands for physical 0 (Linux: PAGE_OFFSET, page_offset_base).</param>
/// <param name="MappedBytes">Bytes mapped at that distance.</param>
/// <param name="BytesOutsideImage">How many of them are memory that the image lacks: none, when the image is whole and read as it should be.</param>
/// <param name="FirstAddress">First mapped address of it.</param>
/// <param name="LastAddress">Last mapped address of it, inclusive.</param>
internal sealed record DirectMapProbe(VirtualAddress Base, ulong MappedBytes, ulong BytesOutsideImage, VirtualAddress FirstAddress, VirtualAddress LastAddress)
{
    // No machine that runs Linux has less; a table for some purpose of its own maps a page or two.
    private const ulong FewestBytes = 16UL << 20;

    // Of a real kernel a handful: its memory beyond the direct map is mapped page by page, at distances that are no such multiples but for some.
    private const int MaxDistances = 1 << 16;

    /// <summary>Whether it maps as much as a machine's memory is.</summary>
    public bool MapsMemory => MappedBytes > FewestBytes;

    /// <summary>Finds the direct map under a kernel root, or null where it maps none.</summary>
    public static DirectMapProbe? Find(AddressSpace space, CpuArchitecture architecture, PhysicalMemory memory)
    {
        Distances distances = new(architecture.BaseAlignment, []);
        BoundedVisit.Visit(space, space.FirstKernelAddress, new(architecture.ImageSpace(space.Mode).Start.Value - 1), ref distances);
        if (distances.ByBase.Count == 0)
        {
            return null;
        }

        (ulong found, Extent extent) = distances.ByBase.MaxBy(pair => pair.Value.Mapped);
        Presence presence = new(found, memory.Ranges);
        BoundedVisit.Visit(space, new(extent.First), new(extent.Last), ref presence);
        return new(new(found), extent.Mapped, presence.MissingBytes, new(extent.First), new(extent.Last));
    }

    /// <summary>Sums mapped bytes by distance.</summary>
    private struct Distances(ulong alignment, Dictionary<ulong, Extent> byBase) : ICpuLeafVisitor
    {
        private ulong _current;
        private bool _any;
        private Extent _extent;

        public readonly Dictionary<ulong, Extent> ByBase
        {
            get
            {
                Keep();
                return byBase;
            }
        }

        public void Leaf<TFormat>(in CpuLeaf<TFormat> leaf)
            where TFormat : struct, ITableFormat
        {
            ulong size = leaf.Bytes;
            ulong from = leaf.Address.Value;
            ulong distance = unchecked(from - leaf.Physical.Value);
            if (distance % alignment != 0)
            {
                return;
            }

            // Neighbours nearly always share the distance: the dictionary is asked only when it changes.
            if (!_any || distance != _current)
            {
                Keep();
                _any = true;
                _current = distance;
                _extent = byBase.GetValueOrDefault(distance, new(from, from, 0));
            }

            _extent = new(_extent.First, from + (size - 1), _extent.Mapped + size);
        }

        private readonly void Keep()
        {
            if (_any && (byBase.Count < MaxDistances || byBase.ContainsKey(_current)))
            {
                byBase[_current] = _extent;
            }
        }
    }

    /// <summary>Sums how much of what is mapped at the distance the image lacks.</summary>
    private struct Presence(ulong distance, IReadOnlyList<PhysicalRange> ranges) : ICpuLeafVisitor
    {
        private int _range;

        public ulong MissingBytes { get; private set; }

        public void Leaf<TFormat>(in CpuLeaf<TFormat> leaf)
            where TFormat : struct, ITableFormat
        {
            ulong size = leaf.Bytes;
            ulong physical = leaf.Physical.Value;
            if (unchecked(leaf.Address.Value - physical) != distance)
            {
                return;
            }

            // Leaves at one distance come in the order of their physical addresses, and so do the ranges.
            while (_range < ranges.Count && ranges[_range].Last.Value < physical)
            {
                _range++;
            }

            ulong present = 0;
            for (int i = _range; i < ranges.Count && ranges[i].Start.Value < physical + size; i++)
            {
                present += Math.Min(ranges[i].Last.Value + 1, physical + size) - Math.Max(ranges[i].Start.Value, physical);
            }

            MissingBytes += size - present;
        }
    }

    private readonly record struct Extent(ulong First, ulong Last, ulong Mapped);
}
