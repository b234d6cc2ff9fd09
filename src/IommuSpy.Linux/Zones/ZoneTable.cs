using System.Globalization;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Pages;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Zones;

/// <summary>The kernel's nodes and zones, and every free block of the buddy allocator. Immutable; safe to share between threads.</summary>
public sealed class ZoneTable
{
    private const ulong MostNodes = 1024;
    private const ulong MostZones = 8;
    private const ulong MostOrders = PageCursor.MaxFreeOrder + 1;
    private const ulong MostLists = 32;
    private const int MostBlocks = 1 << 26;
    private const int MostNameBytes = 16;

    // CPUs keep lists of huge blocks behind those of the smallest orders since 5.13 (NR_PCP_LISTS): their order is pageblock_order, 9 with 2 MiB pages.
    private const int HugeOrder = 9;

    private readonly KernelObjects _objects;
    private readonly PageArray _pages;
    private readonly ZoneFields _fields;
    private readonly PerCpu _cpus;

    private ZoneTable(KernelObjects objects, PageArray pages)
    {
        _objects = objects;
        _pages = pages;
        _fields = ZoneFields.Of(objects.Types);
        _cpus = PerCpu.Of(objects);
        Nodes = [.. FindNodes().Select(Node)];
    }

    /// <summary>The nodes.</summary>
    public IReadOnlyList<MemoryNode> Nodes { get; }

    /// <summary>Every zone that has memory, by node.</summary>
    public IEnumerable<MemoryZone> Zones => Nodes.SelectMany(node => node.Zones);

    /// <summary>Reads the nodes, their zones, and all lists.</summary>
    /// <exception cref="MissingTypeException">Nothing describes them, or where they are is not known.</exception>
    public static ZoneTable Of(KernelObjects objects, PageArray pages) => new(objects, pages);

    /// <summary>
    /// The zone that a page frame is in; null for one in none. Spans of a node's zones do not overlap; those of nodes may, and the node that has it is not told
    /// apart then.
    /// </summary>
    public MemoryZone? ZoneOf(PageFrame frame) => Zones.FirstOrDefault(zone => zone.Contains(frame));

    /// <summary>
    /// The order of the blocks on a CPU's list (order_to_pindex, mm/page_alloc.c): a list for each migrate type of each order up to PAGE_ALLOC_COSTLY_ORDER,
    /// then those of huge blocks.
    /// </summary>
    /// <param name="index">The list's number.</param>
    /// <param name="types">Migrate types that CPUs keep lists of; 0 where that is not known.</param>
    internal static int CpuListOrder(ulong index, ulong types)
    {
        const ulong CostlyOrder = 3;
        ulong order = types == 0 ? 0 : index / types;
        return order > CostlyOrder ? HugeOrder : (int)order;
    }

    private IEnumerable<VirtualAddress> FindNodes()
    {
        // With CONFIG_NUMA an array of pointers, without it the only node itself.
        if (_objects.Variable("contig_page_data") is VirtualAddress only)
        {
            return [only];
        }

        VirtualAddress array = _objects.Variable("node_data")
            ?? throw new MissingTypeException("this kernel has neither node_data nor contig_page_data: where its zones are is not known");
        ulong count = _objects.Variable("nr_node_ids") is VirtualAddress variable
            && _objects.Number(variable, sizeof(uint)) is ulong nodes and > 0 and <= MostNodes ? nodes : 1;
        return Enumerable.Range(0, (int)count).Select(i => _objects.Pointer(array + ((ulong)i * sizeof(ulong)))).OfType<VirtualAddress>();
    }

    private MemoryNode Node(VirtualAddress address, int position)
    {
        int id = _objects.Read(address, _fields.NodeId) is ulong number and < MostNodes ? (int)number : position;
        List<MemoryZone> zones = [];
        for (ulong i = 0; i < Math.Min(_fields.ZoneCount, MostZones); i++)
        {
            VirtualAddress zone = address + _fields.Zones.Offset + (i * _fields.ZoneBytes);
            if (_objects.Read(zone, _fields.Spanned) is ulong spanned and > 0 && _objects.Read(zone, _fields.Start) is ulong start
                && _objects.Read(zone, _fields.Present) is null or > 0)
            {
                zones.Add(Zone(zone, id, (int)i, start, spanned));
            }
        }

        return new(id, address, zones);
    }

    private MemoryZone Zone(VirtualAddress zone, int node, int index, ulong start, ulong spanned)
    {
        string? name = _objects.Pointer(zone, _fields.Name) is VirtualAddress text ? _objects.Text(text, MostNameBytes) : null;
        List<FreeBlocks> orders = [];
        for (ulong order = 0; order < Math.Min(_fields.FreeAreaCount, MostOrders); order++)
        {
            VirtualAddress area = zone + _fields.FreeArea.Offset + (order * _fields.FreeAreaBytes);
            orders.Add(new((int)order, _objects.Read(area, _fields.FreeCount) ?? 0, Lists(area)));
        }

        return new(
            node, index, string.IsNullOrEmpty(name) ? $"zone {index}" : name, new(start), spanned, _objects.Read(zone, _fields.Present),
            _objects.Read(zone, _fields.Managed), orders, CpuLists(zone));
    }

    private List<FreeList> Lists(VirtualAddress area)
    {
        List<FreeList> lists = [];
        for (ulong type = 0; type < Math.Min(_fields.FreeListCount, MostLists) && _fields.PageList is Field member; type++)
        {
            KernelList list = KernelList.Read(_objects, area + _fields.FreeList.Offset + (type * 2 * sizeof(ulong)), member.Offset, MostBlocks);
            (List<PageFrame> frames, string? damage) = Frames(list);
            lists.Add(new(TypeName((long)type), frames, damage));
        }

        return lists;
    }

    private List<CpuFreePages> CpuLists(VirtualAddress zone)
    {
        List<CpuFreePages> found = [];
        if (_fields.CpuLists is not Field lists || _fields.CpuPageList is not Field member
            || _objects.Pointer(zone, _fields.CpuPages) is not VirtualAddress variable)
        {
            return found;
        }

        for (int cpu = 0; cpu < _cpus.Offsets.Count; cpu++)
        {
            VirtualAddress its = _cpus.Address(cpu, variable) + _fields.CpuListsBase;
            if (_objects.Read(its, _fields.CpuCount) is not ulong count)
            {
                continue;
            }

            List<(PageFrame, int)> blocks = [];
            string? damage = null;
            for (ulong i = 0; i < Math.Min(_fields.CpuListCount, MostLists * 2); i++)
            {
                KernelList list = KernelList.Read(_objects, its + lists.Offset + (i * 2 * sizeof(ulong)), member.Offset, MostBlocks);
                (List<PageFrame> frames, string? broken) = Frames(list);
                damage ??= broken;
                blocks.AddRange(frames.Select(frame => (frame, CpuListOrder(i, _fields.CpuTypes))));
            }

            found.Add(new(cpu, count, blocks, damage));
        }

        return found;
    }

    private (List<PageFrame> Frames, string? Damage) Frames(KernelList list)
    {
        List<PageFrame> frames = new(list.Elements.Count);
        foreach (VirtualAddress element in list.Elements)
        {
            if (_pages.FrameOf(element) is not PageFrame frame)
            {
                return (frames, $"it holds {element}, which is no struct page");
            }

            frames.Add(frame);
        }

        return (frames, list.Damage);
    }

    // As migratetype_names has them (mm/page_alloc.c): MIGRATE_UNMOVABLE is "Unmovable". MIGRATE_PCPTYPES and MIGRATE_TYPES count and name no type.
    private string TypeName(long type)
    {
        string? name =
            _fields.Migrate?.Values.FirstOrDefault(value =>
                value.Value == type && !value.Name.EndsWith("TYPES", StringComparison.Ordinal)
                    && value.Name.StartsWith("MIGRATE_", StringComparison.Ordinal)).Name;
        return name switch
        {
            null => string.Create(CultureInfo.InvariantCulture, $"type {type}"),
            "MIGRATE_HIGHATOMIC" => "HighAtomic",
            "MIGRATE_CMA" => "CMA",
            _ => $"{name[8]}{name[9..].ToLowerInvariant()}",
        };
    }
}
