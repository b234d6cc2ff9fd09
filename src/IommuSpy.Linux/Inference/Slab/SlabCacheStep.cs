using System.Globalization;

namespace IommuSpy.Linux.Inference.Slab;

/// <summary>
/// struct kmem_cache of SLUB (include/linux/slub_def.h) until 5.16: pointers that the kernel keeps to caches of its own tell where in it the list of all links;
/// its numbers are told by how many objects a slab holds.
/// </summary>
internal sealed class SlabCacheStep : InferenceStep<SlabCaches>
{
    private const string Tag = "kmem_cache";
    private const int MaxCacheBytes = 1024;
    private const int MostCaches = 1 << 14;
    private const int FewestKnown = 3;
    private const ulong PageBytes = 4096;
    private const int OrderShift = 16;
    private const ulong MaxObjects = 32767;
    private const ulong MaxOrder = 10;

    // Pointers of the kernel's own to caches, in every release (mm/slab_common.c, mm/slub.c, kernel/fork.c, fs/).
    private static readonly string[] Known = [Tag, "kmem_cache_node", "names_cachep", "filp_cachep", "files_cachep", "fs_cachep", "sighand_cachep",
        "kmalloc_caches"];

    /// <inheritdoc/>
    public override string Subject => "the caches of SLUB";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["kmem_cache.list"];

    /// <inheritdoc/>
    public override Part<SlabCaches> Infer(InferenceContext context)
    {
        // SLAB alone has cache_reap. Since 5.17 what describes a slab has types of its own over struct page.
        if (context.SymbolAddress("cache_reap") is not null || context.IsSince(5, 17) || context.SymbolAddress("slab_caches") is not ulong head
            || context.Linked(head, MostCaches) is not { Count: > 0 } links)
        {
            return Part.Absent("the kernel's slab allocator is not SLUB as it was until 5.16, or the list of its caches cannot be followed");
        }

        HashSet<ulong> linked = [.. links];
        ulong[] known =
            [.. Known.Select(context.SymbolAddress).OfType<ulong>().Select(variable => context.Memory.WordOrZero(variable))
                .Where(KernelBytes.LooksLikePointer)];
        int[] lists =
            [.. Enumerable.Range(1, MaxCacheBytes / sizeof(ulong)).Select(i => i * sizeof(ulong))
                .Where(at => known.All(cache => linked.Contains(cache + (ulong)at)))];

        // A cache beside another in memory leads to that one's place on the list too.
        int stride = FieldSearch.LeastDistance(links, MaxCacheBytes);
        if (known.Length < FewestKnown || lists.Length == 0 || Array.Exists(lists, at => (at - lists[0]) % stride != 0))
        {
            return Part.Absent($"{lists.Length} offsets lead from {known.Length} caches that the kernel knows to the list of all");
        }

        int list = lists[0];
        List<ulong> caches = [.. links.Select(link => link - (ulong)list)];
        context.Book.Add(Tag, "list", list, context.Book.Struct("list_head"), caches.Count,
            "a circular list headed by slab_caches, on which the caches are that the kernel has pointers to");
        return Names(context, caches, list) is int name && Sizes(context, caches, list, name) is (int size, int order)
            ? new SlabCaches(caches, list, size, order)
            : Part.Absent("the sizes of caches were not found");
    }

    private static void Refuse(InferenceContext context, string name, string reason) => context.Book.Refuse(Tag, name, reason);

    private static int? Names(InferenceContext context, List<ulong> caches, int list)
    {
        List<int> names = FieldSearch.Words(context.Memory, caches, list,
            (_, value, _) => KernelBytes.LooksLikeAddress(value) && context.Text(value) is not null);
        names.RemoveAll(at => !caches.Exists(cache => context.Text(context.Read(cache, at)) == Tag));
        if (names.Count != 1)
        {
            Refuse(context, "name", $"{names.Count} pointers of all caches lead to texts");
            return null;
        }

        context.Book.Add(Tag, "name", names[0], LayoutBook.Text, caches.Count, "a text for every cache, kmem_cache for that of struct kmem_cache");
        return names[0];
    }

    // oo, max and min hold an order and how many objects of a size such a slab has; object_size stands behind size in every release.
    private static (int Size, int Order)? Sizes(InferenceContext context, List<ulong> caches, int list, int name)
    {
        List<int> sizes = FieldSearch.HalfWords(context.Memory, caches, list,
            (_, value, _) => value >= sizeof(ulong) && value % sizeof(ulong) == 0 && value <= PageBytes << (int)MaxOrder);
        List<int> orders = FieldSearch.HalfWords(context.Memory, caches, list, (_, value, _) => value >> OrderShift <= MaxOrder && (value & MaxObjects) > 0);
        (int Size, int Objects)[] pairs =
            [.. sizes.SelectMany(size => orders.Select(order => (size, order))).Where(pair => pair.size != pair.order && caches.TrueForAll(cache =>
            (uint)context.Read(cache, pair.order) is uint value
                && (value & MaxObjects) == Math.Min((PageBytes << (int)(value >> OrderShift)) / (uint)context.Read(cache, pair.size), MaxObjects)))];
        int[] fitting = [.. pairs.Select(pair => pair.Size).Distinct()];
        if (fitting.Length != 1
            || !caches.TrueForAll(cache => (uint)context.Read(cache, fitting[0] + sizeof(uint)) is uint bytes and > 0
                && bytes <= (uint)context.Read(cache, fitting[0])
            && (NamedSize(context.Text(context.Read(cache, name))) ?? bytes) == bytes))
        {
            Refuse(context, "size", $"{fitting.Length} numbers of {caches.Count} caches tell how many objects a slab has, or none that is smaller follows");
            return null;
        }

        LayoutBook book = context.Book;
        const string Invariant = "with it every cache's slabs have as many objects as it says";
        book.Add(Tag, "size", fitting[0], LayoutBook.UnsignedInt, caches.Count, Invariant);
        book.Add(Tag, "object_size", fitting[0] + sizeof(uint), LayoutBook.UnsignedInt, caches.Count,
            "behind size in every release; no more than size, and the number in the names of kmalloc's caches", InferenceConfidence.Confirmed);
        book.Declare("kmem_cache_order_objects", "x", 0, LayoutBook.UnsignedInt);
        book.Add(Tag, "oo", pairs.Min(pair => pair.Objects), book.Struct("kmem_cache_order_objects"), caches.Count,
            Invariant + "; the first of such numbers in every release", InferenceConfidence.DeclarationOrder);
        return (fitting[0], pairs.Min(pair => pair.Objects));
    }

    // "kmalloc-192": 192.
    private static uint? NamedSize(string? name) =>
        name?.StartsWith("kmalloc-", StringComparison.Ordinal) == true
            && uint.TryParse(name["kmalloc-".Length..], NumberStyles.None, CultureInfo.InvariantCulture, out uint bytes) ? bytes : null;
}
