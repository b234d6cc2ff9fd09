using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;

namespace IommuSpy.Linux.Slab;

/// <summary>
/// Where SLUB keeps what is asked of it (include/linux/slub_def.h, mm/slab.h and mm/slub.c). What describes a slab moved from struct page to struct slab in
/// 5.17; a CPU's own slab went with sheaves (7.0); where a node's lists are moved then too. Null is a field that this kernel lacks.
/// </summary>
internal sealed class SlabFields
{
    private SlabFields(KernelTypes types)
    {
        StructType cache = types.Struct("kmem_cache");
        OrderObjects = cache.Find("oo.x", "oo")
            ?? throw new MissingTypeException("this kernel's slab allocator is not SLUB, or nothing describes it: struct kmem_cache has no oo");
        Size = cache.Field("size");
        ObjectSize = cache.Field("object_size", "objsize");
        FreePointer = cache.Find("offset");
        Name = cache.Field("name");
        List = cache.Field("list");
        InUse = cache.Find("inuse");
        Random = cache.Find("random");
        LeftPad = cache.Find("red_left_pad");
        Constructor = cache.Find("ctor");
        CpuSlab = cache.Find("cpu_slab");
        CpuSheaves = cache.Find("cpu_sheaves");
        PerNode = cache.Find("per_node", "node");
        NodeStride = PerNode?.Type.Resolved is ArrayType nodes ? nodes.Element.Bytes : 0;
        MaxNodes = PerNode?.Type.Resolved is ArrayType array ? array.Count : 0;
        NodeInEntry = types.FindField("kmem_cache_per_node_ptrs", "node");
        BarnInEntry = types.FindField("kmem_cache_per_node_ptrs", "barn");
        if (types.FindStruct("kmem_cache_node") is StructType node)
        {
            Partial = node.Find("partial");
            PartialCount = node.Find("nr_partial");
            SlabCount = node.Find("nr_slabs");
            ObjectCount = node.Find("total_objects");
        }

        CpuFreeList = types.FindField("kmem_cache_cpu", "freelist");
        CpuPage = types.FindField("kmem_cache_cpu", "slab", "page");
        CpuPartial = types.FindField("kmem_cache_cpu", "partial");
        Field? slab(string name) => types.FindField("slab", name) ?? types.FindField("page", name);
        Cache = slab("slab_cache") ?? slab("slab");
        FreeList = slab("freelist");
        Objects = slab("objects");
        Live = slab("inuse");
        Frozen = slab("frozen");
        SlabList = slab("slab_list") ?? types.FindField("page", "lru");
        Next = slab("next");
        Sheaves =
        [
            .. new[] { types.FindField("slub_percpu_sheaves", "main"), types.FindField("slub_percpu_sheaves", "spare") }.OfType<Field>(),
        ];
        FreeingSheaf = types.FindField("slub_percpu_sheaves", "rcu_free");
        SheafSize = types.FindField("slab_sheaf", "size");
        SheafObjects = types.FindField("slab_sheaf", "objects");
        SheafList = types.FindField("slab_sheaf", "barn_list");
        FullSheaves = types.FindField("node_barn", "sheaves_full");
    }

    public Field OrderObjects { get; }

    public Field Size { get; }

    public Field ObjectSize { get; }

    public Field? FreePointer { get; }

    public Field Name { get; }

    public Field List { get; }

    public Field? InUse { get; }

    /// <summary>What free pointers are encoded with (CONFIG_SLAB_FREELIST_HARDENED).</summary>
    public Field? Random { get; }

    public Field? LeftPad { get; }

    public Field? Constructor { get; }

    public Field? CpuSlab { get; }

    public Field? CpuSheaves { get; }

    /// <summary>An array with an entry a node.</summary>
    public Field? PerNode { get; }

    public ulong NodeStride { get; }

    public ulong MaxNodes { get; }

    /// <summary>Where in an entry the node's pointer is; null where the entry is that pointer.</summary>
    public Field? NodeInEntry { get; }

    public Field? BarnInEntry { get; }

    public Field? Partial { get; }

    public Field? PartialCount { get; }

    /// <summary>Slabs of a node; with CONFIG_SLUB_DEBUG only.</summary>
    public Field? SlabCount { get; }

    public Field? ObjectCount { get; }

    public Field? CpuFreeList { get; }

    public Field? CpuPage { get; }

    public Field? CpuPartial { get; }

    /// <summary>Of a slab: its cache.</summary>
    public Field? Cache { get; }

    public Field? FreeList { get; }

    public Field? Objects { get; }

    public Field? Live { get; }

    public Field? Frozen { get; }

    public Field? SlabList { get; }

    public Field? Next { get; }

    public IReadOnlyList<Field> Sheaves { get; }

    public Field? FreeingSheaf { get; }

    public Field? SheafSize { get; }

    public Field? SheafObjects { get; }

    public Field? SheafList { get; }

    public Field? FullSheaves { get; }

    /// <summary>Reads the description.</summary>
    /// <exception cref="MissingTypeException">Nothing describes SLUB.</exception>
    public static SlabFields Of(KernelObjects objects) => new(objects.Types);
}
