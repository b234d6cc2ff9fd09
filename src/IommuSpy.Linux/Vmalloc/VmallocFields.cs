using IommuSpy.Linux.Types;

namespace IommuSpy.Linux.Vmalloc;

/// <summary>The fields of struct vmap_area and struct vm_struct that are read (include/linux/vmalloc.h), and of struct vmap_node (mm/vmalloc.c).</summary>
internal sealed class VmallocFields
{
    public VmallocFields(KernelTypes types)
    {
        StructType area = types.Struct("vmap_area");
        Start = area.Field("va_start");
        End = area.Field("va_end");
        List = area.Field("list");
        PurgeList = area.Find("purge_list");
        Structure = area.Field("vm");
        Flags = area.Find("flags");
        HasOldFlags = Flags is not null && area.Find("subtree_max_size") is null;
        StructType structure = types.Struct("vm_struct");
        StructureFlags = structure.Field("flags");
        Size = structure.Field("size");
        Pages = structure.Find("pages");
        PageCount = structure.Find("nr_pages");
        Physical = structure.Find("phys_addr");
        Caller = structure.Find("caller");
        Node = types.FindStruct("vmap_node");
        Busy = Node?.Find("busy.head");
        Lazy = Node?.Find("lazy.head");
    }

    public Field Start { get; }

    public Field End { get; }

    public Field List { get; }

    /// <summary>Before 5.12: what links the areas that wait for being unmapped, one way.</summary>
    public Field? PurgeList { get; }

    public Field Structure { get; }

    public Field? Flags { get; }

    /// <summary>Whether the flags are those of kernels before 5.2, which say whether there is a vm_struct and whether the area is being freed.</summary>
    public bool HasOldFlags { get; }

    public Field StructureFlags { get; }

    public Field Size { get; }

    public Field? Pages { get; }

    public Field? PageCount { get; }

    public Field? Physical { get; }

    public Field? Caller { get; }

    /// <summary>Since 6.9 the areas are spread over several lists.</summary>
    public StructType? Node { get; }

    public Field? Busy { get; }

    public Field? Lazy { get; }
}
