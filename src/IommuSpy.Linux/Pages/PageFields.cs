using IommuSpy.Linux.Types;

namespace IommuSpy.Linux.Pages;

/// <summary>
/// Where struct page, and the struct folio that lies over several of them, keep what is asked of them (include/linux/mm_types.h): bytes from a page's own
/// struct page, or for what a compound page keeps in its first tail from its head's. Null is a field that this kernel lacks or that nothing describes.
/// </summary>
internal sealed class PageFields
{

    private PageFields(KernelTypes types, int bytes)
    {
        Bytes = bytes;
        int? word(params ReadOnlySpan<string> names) => Offset(types.FindField("page", names), sizeof(ulong), bytes);
        int? page(params ReadOnlySpan<string> names) => Offset(types.FindField("page", names), sizeof(uint), bytes);
        int? folio(params ReadOnlySpan<string> names) => Offset(types.FindField("folio", names), 1, 4 * bytes);
        int? tail(params ReadOnlySpan<string> names) => Offset(types.FindField("page", names), 1, bytes) is int offset ? bytes + offset : null;

        Flags = word("flags.f", "flags") ?? throw new MissingTypeException($"nothing describes the flags of struct page ({types.Origin})");
        References = page("_refcount", "_count");
        MapCount = page("_mapcount");
        PageType = page("page_type");
        CompoundHead = word("compound_head", "compound_info");
        CompoundHeadIsMask = word("compound_head") is null && CompoundHead is not null;
        FirstPage = CompoundHead is null ? word("first_page") : null;
        Mapping = word("mapping") ?? Offset(types.FindField("folio", "mapping"), sizeof(ulong), bytes);
        Index = word("index", "__folio_index") ?? Offset(types.FindField("folio", "index"), sizeof(ulong), bytes);
        Private = word("private");
        List = word("buddy_list", "lru");

        // Until 6.5 the order is a byte of its own; before 4.4 it was kept as a pointer in lru.prev, of which the lowest byte says the same, and
        // lru.next led to what frees the page.
        int? tailList = Offset(types.FindField("page", "lru"), 2 * sizeof(ulong), bytes) is int list ? bytes + list : null;
        bool inPage = types.FindField("page", "compound_order") is not null;
        Order = folio("_folio_order") ?? (inPage ? tail("compound_order") : null);
        if (Order is null && types.FindField("folio", "_flags_1") is not null)
        {
            Order = folio("_flags_1");
        }
        else if (Order is null && FirstPage is not null)
        {
            Order = tailList + sizeof(ulong);
        }

        Destructor = folio("_folio_dtor") ?? tail("compound_dtor");
        DestructorFunction = Destructor is null && FirstPage is not null ? tailList : null;
        EntireMapCount = folio("_entire_mapcount", "_total_mapcount", "_compound_mapcount") ?? tail("compound_mapcount");
        PagesMapped = folio("_nr_pages_mapped", "_subpages_mapcount");
        LargeMapCount = folio("_large_mapcount");
        HasFolios = types.FindStruct("folio") is not null;
        HasSnapshots = types.FindStruct("page_snapshot") is not null;
    }

    /// <summary>sizeof(struct page).</summary>
    public int Bytes { get; }

    /// <summary>The flags word.</summary>
    public int Flags { get; }

    /// <summary>The reference count; _count before 4.6.</summary>
    public int? References { get; }

    /// <summary>How many page tables map the page, less one; for pages that have a type, the type.</summary>
    public int? MapCount { get; }

    /// <summary>The type of a page that no user maps; before 4.18 it had no name of its own.</summary>
    public int? PageType { get; }

    /// <summary>In a tail: its head's struct page + 1; or, as compound_info of 7.1, a mask + 1.</summary>
    public int? CompoundHead { get; }

    /// <summary>Whether that field may hold a mask.</summary>
    public bool CompoundHeadIsMask { get; }

    /// <summary>In a tail before 4.4: its head's struct page.</summary>
    public int? FirstPage { get; }

    /// <summary>Whose the page is: an address_space, an anon_vma or a movable_operations, by its low bits.</summary>
    public int? Mapping { get; }

    /// <summary>Where in that, in pages.</summary>
    public int? Index { get; }

    /// <summary>The order of a free block; the swap entry of a page of the swap cache; the owner's otherwise.</summary>
    public int? Private { get; }

    /// <summary>The list_head of free lists and LRU lists.</summary>
    public int? List { get; }

    /// <summary>log2 of a compound page's pages: a byte.</summary>
    public int? Order { get; }

    /// <summary>The number of what frees a compound page: a byte; from 4.4 until 6.5.</summary>
    public int? Destructor { get; }

    /// <summary>The address of the function that frees a compound page; before 4.4.</summary>
    public int? DestructorFunction { get; }

    /// <summary>How often a compound page is mapped as a whole, less one.</summary>
    public int? EntireMapCount { get; }

    /// <summary>How many of a compound page's pages are mapped; since 6.2.</summary>
    public int? PagesMapped { get; }

    /// <summary>How often any of a compound page's pages is mapped, less one; since 6.10.</summary>
    public int? LargeMapCount { get; }

    /// <summary>The flags word of the first tail, which describes the compound page.</summary>
    public int LargeFlags => Bytes + Flags;

    /// <summary>Whether this kernel has struct folio: since 5.17.</summary>
    public bool HasFolios { get; }

    /// <summary>Whether /proc/kpageflags is computed from a snapshot of a folio: since 6.17.</summary>
    public bool HasSnapshots { get; }

    /// <summary>Reads the description.</summary>
    /// <exception cref="MissingTypeException">Nothing describes struct page.</exception>
    public static PageFields Of(LinuxKernel kernel, KernelTypes types)
    {
        types.Struct("page");
        return new(types, BytesOf(kernel, types));
    }

    /// <summary>sizeof(struct page), by its description or by the kernel's own note.</summary>
    public static int BytesOf(LinuxKernel kernel, KernelTypes types) =>
        types.FindStruct("page")?.Bytes is ulong described and > 0 and <= 256 ? (int)described : kernel.StructPageBytes;

    // A description may be damaged, or may not tell a field's size: what does not lie inside in full is absent.
    private static int? Offset(Field? field, int size, int limit) =>
        field is not null && field.BitSize == 0 && field.Offset <= (ulong)(limit - size) ? (int)field.Offset : null;
}
