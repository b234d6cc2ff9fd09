using IommuSpy.Linux.Types;

namespace IommuSpy.Linux.Zones;

/// <summary>Where nodes, zones and their lists keep what is asked of them (include/linux/mmzone.h). Null is a field that this kernel lacks.</summary>
internal sealed class ZoneFields
{
    private ZoneFields(KernelTypes types)
    {
        StructType node = types.Struct("pglist_data");
        StructType zone = types.Struct("zone");
        NodeId = node.Find("node_id");
        Zones = node.Field("node_zones");
        ZoneBytes = zone.Bytes;
        ZoneCount = Zones.Type.Resolved is ArrayType zones ? zones.Count : 0;
        Name = zone.Field("name");
        Start = zone.Field("zone_start_pfn");
        Spanned = zone.Field("spanned_pages");
        Present = zone.Find("present_pages");
        Managed = zone.Find("managed_pages");
        FreeArea = zone.Field("free_area");
        FreeAreaCount = FreeArea.Type.Resolved is ArrayType areas ? areas.Count : 0;
        StructType area = types.Struct("free_area");
        FreeAreaBytes = area.Bytes;
        FreeList = area.Field("free_list");
        FreeListCount = FreeList.Type.Resolved is ArrayType lists ? lists.Count : 0;
        FreeCount = area.Field("nr_free");

        // Until 5.13 the lists stood inside a per_cpu_pageset.
        CpuPages = zone.Find("per_cpu_pageset", "pageset");
        CpuListsBase = zone.Find("per_cpu_pageset") is null ? types.FindField("per_cpu_pageset", "pcp")?.Offset ?? 0 : 0;
        CpuCount = types.FindField("per_cpu_pages", "count");
        CpuLists = types.FindField("per_cpu_pages", "lists");
        CpuListCount = CpuLists?.Type.Resolved is ArrayType cpuLists ? cpuLists.Count : 0;
        PageList = types.FindField("page", "buddy_list", "lru");
        CpuPageList = types.FindField("page", "pcp_list", "lru");
        CpuTypes = types.FindEnumerator("MIGRATE_PCPTYPES") is long count and > 0 ? (ulong)count : 0;
        Migrate = types.Find("migratetype")?.Resolved as EnumType;
    }

    public Field? NodeId { get; }

    public Field Zones { get; }

    public ulong ZoneBytes { get; }

    public ulong ZoneCount { get; }

    public Field Name { get; }

    public Field Start { get; }

    public Field Spanned { get; }

    public Field? Present { get; }

    public Field? Managed { get; }

    public Field FreeArea { get; }

    public ulong FreeAreaCount { get; }

    public ulong FreeAreaBytes { get; }

    public Field FreeList { get; }

    public ulong FreeListCount { get; }

    public Field FreeCount { get; }

    public Field? CpuPages { get; }

    /// <summary>Bytes from what that points at to the per_cpu_pages.</summary>
    public ulong CpuListsBase { get; }

    public Field? CpuCount { get; }

    public Field? CpuLists { get; }

    public ulong CpuListCount { get; }

    public Field? PageList { get; }

    public Field? CpuPageList { get; }

    /// <summary>Migrate types that CPUs keep lists of; 0 where that is not described.</summary>
    public ulong CpuTypes { get; }

    public EnumType? Migrate { get; }

    /// <summary>Reads the description.</summary>
    /// <exception cref="MissingTypeException">Nothing describes zones.</exception>
    public static ZoneFields Of(KernelTypes types) => new(types);
}
