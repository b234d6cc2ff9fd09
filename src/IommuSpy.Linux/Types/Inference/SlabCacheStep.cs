using System.Globalization;

namespace IommuSpy.Linux.Types.Inference;

/// <summary>
/// struct kmem_cache of SLUB (include/linux/slub_def.h) until 5.16: pointers that the kernel keeps to caches of its own tell where in it the list of all links;
/// its numbers are told by how many objects a slab holds, its nodes by their lists of partly used slabs.
/// </summary>
internal static class SlabCacheStep
{
    private const string Tag = "kmem_cache";
    private const int MaxCacheBytes = 1024;
    private const int MaxNodeBytes = 64;
    private const int MostCaches = 1 << 14;
    private const int MostSlabs = 1 << 16;
    private const int MostNodes = 64;
    private const int FewestKnown = 3;
    private const ulong PageBytes = 4096;
    private const int OrderShift = 16;
    private const ulong MaxObjects = 32767;
    private const ulong MaxOrder = 10;

    // Pointers of the kernel's own to caches, in every release (mm/slab_common.c, mm/slub.c, kernel/fork.c, fs/).
    private static readonly string[] Known = [Tag, "kmem_cache_node", "names_cachep", "filp_cachep", "files_cachep", "fs_cachep", "sighand_cachep",
        "kmalloc_caches"];

    public static void Run(InferenceState state)
    {
        // SLAB alone has cache_reap. Since 5.17 what describes a slab has types of its own over struct page.
        if (state.SymbolAddress("cache_reap") is not null || state.IsSince(5, 17) || state.SymbolAddress("slab_caches") is not ulong head
            || state.Linked(head, MostCaches) is not { Count: > 0 } links)
        {
            Refuse(state, "list", "the kernel's slab allocator is not SLUB as it was until 5.16, or the list of its caches cannot be followed");
            return;
        }

        HashSet<ulong> linked = [.. links];
        ulong[] known =
            [.. Known.Select(state.SymbolAddress).OfType<ulong>().Select(variable => state.Memory.WordOrZero(variable)).Where(KernelBytes.LooksLikePointer)];
        int[] lists =
            [.. Enumerable.Range(1, MaxCacheBytes / sizeof(ulong)).Select(i => i * sizeof(ulong))
                .Where(at => known.All(cache => linked.Contains(cache + (ulong)at)))];

        // A cache beside another in memory leads to that one's place on the list too.
        int stride = FieldSearch.LeastDistance(links, MaxCacheBytes);
        if (known.Length < FewestKnown || lists.Length == 0 || Array.Exists(lists, at => (at - lists[0]) % stride != 0))
        {
            Refuse(state, "list", $"{lists.Length} offsets lead from {known.Length} caches that the kernel knows to the list of all");
            return;
        }

        int list = lists[0];
        List<ulong> caches = [.. links.Select(link => link - (ulong)list)];
        state.Book.Add(Tag, "list", list, state.Book.Struct("list_head"), caches.Count,
            "a circular list headed by slab_caches, on which the caches are that the kernel has pointers to");
        if (Names(state, caches, list) && Sizes(state, caches, list))
        {
            state.Caches = caches;
            Nodes(state, list);
        }
    }

    private static void Refuse(InferenceState state, string name, string reason) => state.Book.Refuse(Tag, name, reason);

    private static bool Names(InferenceState state, List<ulong> caches, int list)
    {
        List<int> names = FieldSearch.Words(state.Memory, caches, list, (_, value, _) => KernelBytes.LooksLikeAddress(value) && state.Text(value) is not null);
        names.RemoveAll(at => !caches.Exists(cache => state.Text(state.Read(cache, at)) == Tag));
        if (names.Count != 1)
        {
            Refuse(state, "name", $"{names.Count} pointers of all caches lead to texts");
            return false;
        }

        state.Book.Add(Tag, "name", names[0], LayoutBook.Text, caches.Count, "a text for every cache, kmem_cache for that of struct kmem_cache");
        return true;
    }

    // oo, max and min hold an order and how many objects of a size such a slab has; object_size stands behind size in every release.
    private static bool Sizes(InferenceState state, List<ulong> caches, int list)
    {
        List<int> sizes = FieldSearch.HalfWords(state.Memory, caches, list,
            (_, value, _) => value >= sizeof(ulong) && value % sizeof(ulong) == 0 && value <= PageBytes << (int)MaxOrder);
        List<int> orders = FieldSearch.HalfWords(state.Memory, caches, list, (_, value, _) => value >> OrderShift <= MaxOrder && (value & MaxObjects) > 0);
        (int Size, int Objects)[] pairs =
            [.. sizes.SelectMany(size => orders.Select(order => (size, order))).Where(pair => pair.size != pair.order && caches.TrueForAll(cache =>
            (uint)state.Read(cache, pair.order) is uint value
                && (value & MaxObjects) == Math.Min((PageBytes << (int)(value >> OrderShift)) / (uint)state.Read(cache, pair.size), MaxObjects)))];
        int name = state.At(Tag, "name");
        int[] fitting = [.. pairs.Select(pair => pair.Size).Distinct()];
        if (fitting.Length != 1
            || !caches.TrueForAll(cache => (uint)state.Read(cache, fitting[0] + sizeof(uint)) is uint bytes and > 0
                && bytes <= (uint)state.Read(cache, fitting[0])
            && (NamedSize(state.Text(state.Read(cache, name))) ?? bytes) == bytes))
        {
            Refuse(state, "size", $"{fitting.Length} numbers of {caches.Count} caches tell how many objects a slab has, or none that is smaller follows");
            return false;
        }

        LayoutBook book = state.Book;
        const string Invariant = "with it every cache's slabs have as many objects as it says";
        book.Add(Tag, "size", fitting[0], LayoutBook.UnsignedInt, caches.Count, Invariant);
        book.Add(Tag, "object_size", fitting[0] + sizeof(uint), LayoutBook.UnsignedInt, caches.Count,
            "behind size in every release; no more than size, and the number in the names of kmalloc's caches", InferenceConfidence.Confirmed);
        book.Declare("kmem_cache_order_objects", "x", 0, LayoutBook.UnsignedInt);
        book.Add(Tag, "oo", pairs.Min(pair => pair.Objects), book.Struct("kmem_cache_order_objects"), caches.Count,
            Invariant + "; the first of such numbers in every release", InferenceConfidence.DeclarationOrder);
        return true;
    }

    // "kmalloc-192": 192.
    private static uint? NamedSize(string? name) =>
        name?.StartsWith("kmalloc-", StringComparison.Ordinal) == true
            && uint.TryParse(name["kmalloc-".Length..], NumberStyles.None, CultureInfo.InvariantCulture, out uint bytes) ? bytes : null;

    private static void Nodes(InferenceState state, int list)
    {
        if (PageLists.Of(state) is not { } pages)
        {
            Refuse(state, "node", "the array of struct page is not known");
            return;
        }

        List<ulong> caches = state.Caches;
        List<(int At, int List)> found = [];
        int bytes = FieldSearch.LeastDistance(caches, MaxCacheBytes);
        foreach (int at in FieldSearch.Words(state.Memory, caches,
            Enumerable.Range(list / sizeof(ulong), Math.Max(0, (bytes - list) / sizeof(ulong))).Select(i => i * sizeof(ulong)),
            (_, value, _) => KernelBytes.LooksLikePointer(value)))
        {
            ulong[] nodes = [.. caches.Select(cache => state.Read(cache, at))];
            if (nodes.Distinct().Count() == nodes.Length)
            {
                found.AddRange(Enumerable.Range(1, MaxNodeBytes / sizeof(ulong)).Select(i => i * sizeof(ulong)).Where(head => IsNode(state, pages, nodes, head))
                    .Select(head => (at, head)));
            }
        }

        if (found.Count != 1)
        {
            Refuse(state, "node", $"{found.Count} pointers of every cache lead to a list of slabs and their number");
            return;
        }

        (int node, int partial) = found[0];
        LayoutBook book = state.Book;
        const string Invariant = "for every cache, a list of struct pages, and before it how many they are";
        book.Add("kmem_cache_node", "nr_partial", partial - sizeof(ulong), LayoutBook.UnsignedLong, caches.Count, Invariant);
        book.Add("kmem_cache_node", "partial", partial, book.Struct("list_head"), caches.Count, Invariant);
        book.Add(Tag, "node", node, new ArrayType(() => book.PointerTo("kmem_cache_node"), MostNodes), caches.Count, Invariant);

        // With CONFIG_SLUB_DEBUG both counts stand behind the list.
        int slabs = partial + (2 * sizeof(ulong));
        int size = state.At(Tag, "size");
        if (caches.TrueForAll(cache => state.Read(cache, node) is var its && state.Read(its, slabs) is var count
            && state.Read(its, slabs + sizeof(ulong)) is var objects
            && count >= state.Read(its, partial - sizeof(ulong)) && count <= MostSlabs * PageBytes && objects >= count && objects <= count * MaxObjects
            && (count != 0 || objects == 0) && state.Read(cache, size) != 0)
            && caches.Exists(cache => state.Read(state.Read(cache, node), slabs) != 0))
        {
            book.Add("kmem_cache_node", "nr_slabs", slabs, LayoutBook.Long, caches.Count, "behind the list in every release; no fewer than are on it",
                InferenceConfidence.Confirmed);
            book.Add("kmem_cache_node", "total_objects", slabs + sizeof(ulong), LayoutBook.Long, caches.Count,
                "behind nr_slabs in every release; no fewer objects than slabs", InferenceConfidence.Confirmed);
        }
        else
        {
            book.Refuse("kmem_cache_node", "nr_slabs", "what stands behind the lists of slabs counts none");
        }
    }

    private static bool IsNode(InferenceState state, PageLists pages, ulong[] nodes, int head)
    {
        pages.Restart();
        bool any = false;
        foreach (ulong node in nodes)
        {
            ulong count = state.Read(node, head - sizeof(ulong));
            if (count > MostSlabs || state.Read(node, head) == 0 || pages.Follow(node + (ulong)head, MostSlabs) is not { } slabs || (ulong)slabs.Count != count)
            {
                return false;
            }

            any |= count > 0;
        }

        return any;
    }
}
