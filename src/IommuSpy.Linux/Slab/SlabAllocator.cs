using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Pages;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Slab;

/// <summary>
/// The kernel's slab allocator (SLUB: mm/slub.c): its caches, and for any page the slab that it is part of, with the state of each object. Safe to share
/// between threads.
/// </summary>
public sealed class SlabAllocator
{
    // A function that SLAB alone has, in every release up to its removal in 6.8.
    private const string SlabOnly = "cache_reap";

    private const int MaxCaches = 1 << 16;
    private const int MaxNameBytes = 256;
    private const int MaxSheafObjects = 1 << 16;
    private const int MaxSlabsOfList = 1 << 22;

    // struct kmem_cache_order_objects: the objects below, the order above (mm/slub.c, OO_SHIFT). A slab has at most MAX_OBJS_PER_PAGE.
    private const int OrderShift = 16;
    private const int MaxObjects = 32767;
    private const int MaxOrder = 10;

    private readonly KernelObjects _objects;
    private readonly MemoryPages? _pages;
    private readonly SlabFields _fields;
    private readonly Dictionary<ulong, SlabCache> _byAddress = [];
    private readonly Lazy<Dictionary<PageFrame, CpuSlab>> _cpuSlabs;
    private readonly Lazy<Dictionary<ulong, SlabObjectState>> _sheaves;
    private readonly Lazy<FreePointers> _rule;
    private readonly PerCpu _cpus;

    private SlabAllocator(KernelObjects objects, MemoryPages? pages)
    {
        _objects = objects;
        _pages = pages;
        if (objects.Variable(SlabOnly) is not null)
        {
            throw new MissingTypeException("this kernel's slab allocator is SLAB (mm/slab.c), whose slabs are not read: only SLUB's are");
        }

        _fields = SlabFields.Of(objects);
        _cpus = PerCpu.Of(objects);
        VirtualAddress head = objects.Variable("slab_caches")
            ?? throw new MissingTypeException("this kernel has no symbol slab_caches: where its slab caches are is not known");
        KernelList list = KernelList.Read(objects, head, _fields.List.Offset, MaxCaches);
        Damage = list.Damage is string damage ? $"the list of slab caches: {damage}" : null;
        Caches = [.. list.Elements.Select(Read)];
        foreach (SlabCache cache in Caches)
        {
            _byAddress.TryAdd(cache.Address.Value, cache);
        }

        _cpuSlabs = new(FindCpuSlabs);
        _sheaves = new(FindSheaves);
        _rule = new(FindRule);
    }

    /// <summary>The caches, in the order of /proc/slabinfo.</summary>
    public IReadOnlyList<SlabCache> Caches { get; }

    /// <summary>What of the list of caches could not be followed; null for nothing.</summary>
    public string? Damage { get; }

    /// <summary>Reads the caches.</summary>
    /// <param name="objects">The kernel's structures.</param>
    /// <param name="pages">The struct pages; null where nothing describes them: no page's slab is known then.</param>
    /// <exception cref="MissingTypeException">This kernel has another allocator, or nothing describes it.</exception>
    public static SlabAllocator Of(KernelObjects objects, MemoryPages? pages) => new(objects, pages);

    /// <summary>The cache of a page's slab, without its objects; null where the page is no slab's, or of no known cache.</summary>
    public SlabCache? CacheOf(PageFrame frame) => Head(frame) is FolioRecord folio ? CacheOf(folio) : null;

    /// <summary>The slab that a page frame is part of, with all of its objects; null where it is part of none that can be told.</summary>
    public SlabPages? SlabOf(PageFrame frame)
    {
        if (Head(frame) is not FolioRecord folio || CacheOf(folio) is not SlabCache cache
            || _pages!.Array.AddressOf(folio.Head.Frame) is not VirtualAddress slab
            || _objects.Kernel.DirectMapAddress(folio.Head.Frame.Address) is not VirtualAddress start || cache.Size == 0)
        {
            return null;
        }

        int most = (int)(((ulong)PageFrame.Size << folio.Order) / cache.Size);
        int count = _objects.Read(slab, _fields.Objects) is ulong number && number <= (ulong)most ? (int)number : most;
        SlabObjectState[] states = new SlabObjectState[count];
        FreeObjects free = new(_objects, cache, start, count);
        string? damage = _fields.FreeList is null || _fields.FreePointer is null ? "this kernel does not say which objects are free" : null;
        damage ??= free.Follow(_objects.Read(slab, _fields.FreeList) ?? 0, _rule.Value, SlabObjectState.Free, states);
        CpuSlab? cpu = _cpuSlabs.Value.TryGetValue(folio.Head.Frame, out CpuSlab found) ? found : null;
        if (cpu is { FreeList: not 0 } its)
        {
            damage ??= free.Follow(its.FreeList, _rule.Value, SlabObjectState.FreeCached, states);
        }

        SlabObject[] items = new SlabObject[count];
        for (int i = 0; i < count; i++)
        {
            VirtualAddress at = start + ((ulong)i * cache.Size) + cache.LeftPad;
            SlabObjectState state = states[i];
            if (state == SlabObjectState.Live)
            {
                // Of a list that broke off, the rest may be anything that was not met.
                state = damage is not null ? SlabObjectState.Unknown : _sheaves.Value.GetValueOrDefault(at.Value, SlabObjectState.Live);
            }

            items[i] = new(at, i, state);
        }

        return new(cache, folio.Head.Frame, folio.Order, start, items, cpu?.Cpu, damage);
    }

    /// <summary>The slab that holds an address of the direct map, or a physical one's page; null for every other address.</summary>
    public SlabPages? SlabAt(VirtualAddress address) =>
        _objects.Kernel.Space.TryTranslate(address, out PhysicalAddress physical) && _objects.Kernel.DirectMapAddress(physical) == address
            ? SlabOf(physical.Frame) : null;

    private FolioRecord? Head(PageFrame frame)
    {
        if (_pages is null)
        {
            return null;
        }

        PageCursor cursor = new(_pages, stackalloc byte[256]);
        return cursor.MoveTo(frame) && _pages.Rules.IsSlab(cursor.Folio) ? cursor.Folio : null;
    }

    private SlabCache? CacheOf(in FolioRecord folio) =>
        _pages!.Array.AddressOf(folio.Head.Frame) is VirtualAddress slab && _objects.Read(slab, _fields.Cache) is ulong address
            && _byAddress.TryGetValue(address, out SlabCache? cache) ? cache : null;

    private SlabCache Read(VirtualAddress at)
    {
        string? name = _objects.Pointer(at, _fields.Name) is VirtualAddress text ? _objects.Text(text, MaxNameBytes) : null;
        ulong orderObjects = _objects.Read(at, _fields.OrderObjects) ?? 0;
        uint size = (uint)(_objects.Read(at, _fields.Size) ?? 0);
        uint objectSize = (uint)(_objects.Read(at, _fields.ObjectSize) ?? 0);
        int order = (int)Math.Min(orderObjects >> OrderShift, MaxOrder);
        int perSlab = (int)(orderObjects & MaxObjects);
        string? damage = size == 0 || objectSize > size || (ulong)perSlab * size > (ulong)PageFrame.Size << order ? "its sizes make no sense" : null;
        (ulong? slabs, ulong? total, ulong partial, ulong freeInPartial, string? nodes) = Nodes(at);
        return new(
            at, string.IsNullOrEmpty(name) ? $"kmem_cache {at}" : name, objectSize, size, perSlab, order, slabs, total,
            total - Math.Min(freeInPartial, total ?? 0), partial,
            (uint)(_objects.Read(at, _fields.FreePointer) ?? 0), (uint)(_objects.Read(at, _fields.LeftPad) ?? 0), _objects.Read(at, _fields.Random),
            _objects.Pointer(at, _fields.Constructor) is not null, damage ?? nodes);
    }

    // What get_slabinfo adds up over the nodes.
    private (ulong? Slabs, ulong? Objects, ulong Partial, ulong FreeInPartial, string? Damage) Nodes(VirtualAddress cache)
    {
        ulong? slabs = _fields.SlabCount is null ? null : 0;
        ulong? total = _fields.ObjectCount is null ? null : 0;
        ulong partial = 0;
        ulong free = 0;
        string? damage = null;
        foreach (VirtualAddress node in NodesOf(cache))
        {
            slabs += _objects.Read(node, _fields.SlabCount);
            total += _objects.Read(node, _fields.ObjectCount);
            partial += _objects.Read(node, _fields.PartialCount) ?? 0;
            if (_fields.Partial is not null && _fields.SlabList is not null)
            {
                KernelList list = KernelList.Read(_objects, node + _fields.Partial.Offset, _fields.SlabList.Offset, MaxSlabsOfList);
                damage ??= list.Damage is string broken ? $"its partly used slabs: {broken}" : null;
                foreach (VirtualAddress slab in list.Elements)
                {
                    ulong all = _objects.Read(slab, _fields.Objects) ?? 0;
                    free += all - Math.Min(all, _objects.Read(slab, _fields.Live) ?? all);
                }
            }
        }

        return (slabs, total, partial, free, damage);
    }

    private IEnumerable<VirtualAddress> NodesOf(VirtualAddress cache)
    {
        if (_fields.PerNode is null)
        {
            yield break;
        }

        ulong nodes = Math.Min(_fields.MaxNodes, (ulong)NodeCount);
        for (ulong i = 0; i < nodes; i++)
        {
            VirtualAddress entry = cache + _fields.PerNode.Offset + (i * _fields.NodeStride) + (_fields.NodeInEntry?.Offset ?? 0);
            if (_objects.Pointer(entry) is VirtualAddress node)
            {
                yield return node;
            }
        }
    }

    // A kmem_cache is allocated without the entries of nodes that cannot be (kmem_cache_init): what lies behind belongs to others.
    private int NodeCount =>
        _objects.Variable("nr_node_ids") is VirtualAddress variable && _objects.Number(variable, sizeof(uint)) is ulong count and > 0 and <= 1024 ? (int)count
            : 1;

    private Dictionary<PageFrame, CpuSlab> FindCpuSlabs()
    {
        Dictionary<PageFrame, CpuSlab> found = [];
        foreach (SlabCache cache in Caches)
        {
            for (int cpu = 0; cpu < _cpus.Offsets.Count && _objects.Pointer(cache.Address, _fields.CpuSlab) is VirtualAddress variable; cpu++)
            {
                VirtualAddress its = _cpus.Address(cpu, variable);
                if (_objects.Pointer(its, _fields.CpuPage) is VirtualAddress slab && _pages?.Array.FrameOf(slab) is PageFrame frame)
                {
                    found[frame] = new(cpu, _objects.Read(its, _fields.CpuFreeList) ?? 0);
                }
            }
        }

        return found;
    }

    private Dictionary<ulong, SlabObjectState> FindSheaves()
    {
        Dictionary<ulong, SlabObjectState> found = [];
        if (_fields.CpuSheaves is null || _fields.SheafSize is null || _fields.SheafObjects is null)
        {
            return found;
        }

        foreach (SlabCache cache in Caches)
        {
            for (int cpu = 0; cpu < _cpus.Offsets.Count && _objects.Pointer(cache.Address, _fields.CpuSheaves) is VirtualAddress variable; cpu++)
            {
                VirtualAddress its = _cpus.Address(cpu, variable);
                foreach (Field sheaf in _fields.Sheaves)
                {
                    AddSheaf(_objects.Pointer(its, sheaf), SlabObjectState.FreeCached, found);
                }

                AddSheaf(_objects.Pointer(its, _fields.FreeingSheaf), SlabObjectState.Freeing, found);
            }

            foreach (VirtualAddress sheaf in Barns(cache.Address))
            {
                AddSheaf(sheaf, SlabObjectState.FreeCached, found);
            }
        }

        return found;
    }

    private IEnumerable<VirtualAddress> Barns(VirtualAddress cache)
    {
        if (_fields.BarnInEntry is null || _fields.PerNode is null || _fields.FullSheaves is null || _fields.SheafList is null)
        {
            yield break;
        }

        for (ulong i = 0; i < (ulong)NodeCount; i++)
        {
            if (_objects.Pointer(cache + _fields.PerNode.Offset + (i * _fields.NodeStride), _fields.BarnInEntry) is VirtualAddress barn)
            {
                foreach (VirtualAddress sheaf in KernelList.Read(_objects, barn + _fields.FullSheaves.Offset, _fields.SheafList.Offset,
                    MaxSheafObjects).Elements)
                {
                    yield return sheaf;
                }
            }
        }
    }

    private void AddSheaf(VirtualAddress? sheaf, SlabObjectState state, Dictionary<ulong, SlabObjectState> found)
    {
        if (sheaf is not VirtualAddress at || _objects.Read(at, _fields.SheafSize) is not (ulong size and <= MaxSheafObjects))
        {
            return;
        }

        for (ulong i = 0; i < size && _objects.Pointer(at + _fields.SheafObjects!.Offset + (i * sizeof(ulong))) is VirtualAddress item; i++)
        {
            found[item.Value] = state;
        }
    }

    // No field tells whether a hidden pointer's address was swapped: the rule by which lists of free objects can be followed is the kernel's.
    private FreePointers FindRule()
    {
        if (_fields.Random is null)
        {
            return FreePointers.Plain;
        }

        FreePointers[] rules = [FreePointers.HiddenSwapped, FreePointers.Hidden];
        int[] votes = new int[rules.Length];
        foreach (SlabCache cache in Caches.Where(cache => cache.Damage is null))
        {
            foreach (VirtualAddress slab in FirstPartialSlabs(cache))
            {
                for (int i = 0; i < rules.Length; i++)
                {
                    votes[i] += Follows(cache, slab, rules[i]) ? 1 : 0;
                }
            }

            if (Math.Abs(votes[0] - votes[1]) >= 8)
            {
                break;
            }
        }

        return votes[1] > votes[0] ? FreePointers.Hidden : FreePointers.HiddenSwapped;
    }

    private IEnumerable<VirtualAddress> FirstPartialSlabs(SlabCache cache)
    {
        const int Most = 4;
        return _fields.Partial is null || _fields.SlabList is null
            ? []
            : NodesOf(cache.Address).SelectMany(node => KernelList.Read(_objects, node + _fields.Partial.Offset, _fields.SlabList.Offset, Most).Elements);
    }

    private bool Follows(SlabCache cache, VirtualAddress slab, FreePointers rule)
    {
        if (_pages?.Array.FrameOf(slab) is not PageFrame frame || _objects.Kernel.DirectMapAddress(frame.Address) is not VirtualAddress start
            || _objects.Read(slab, _fields.Objects) is not (ulong count and > 1 and <= MaxObjects)
            || _objects.Read(slab, _fields.FreeList) is not (ulong first and not 0))
        {
            return false;
        }

        return new FreeObjects(_objects, cache, start, (int)count).Follow(first, rule, SlabObjectState.Free, new SlabObjectState[(int)count]) is null;
    }
}
