using IommuSpy.Linux.Inference.Pages;
using IommuSpy.Linux.Types;

namespace IommuSpy.Linux.Inference.Slab;

/// <summary>kmem_cache.node and struct kmem_cache_node: for every cache a list of partly used slabs, and how many they are.</summary>
internal sealed class SlabNodeStep : InferenceStep<SlabCaches, SlabNodes>
{
    private const string Tag = "kmem_cache";
    private const int MaxCacheBytes = 1024;
    private const int MaxNodeBytes = 64;
    private const int MostSlabs = 1 << 16;
    private const int MostNodes = 64;
    private const ulong PageBytes = 4096;
    private const ulong MaxObjects = 32767;

    /// <inheritdoc/>
    public override string Subject => "what caches keep for each node";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["kmem_cache.node"];

    /// <inheritdoc/>
    public override Part<SlabNodes> Infer(InferenceContext context, SlabCaches of)
    {
        if (PageLists.Of(context) is not { } pages)
        {
            return Part.Absent("the array of struct page is not known");
        }

        List<ulong> caches = of.All;
        int list = of.ListAt;
        List<(int At, int List)> found = [];
        int bytes = FieldSearch.LeastDistance(caches, MaxCacheBytes);
        foreach (int at in FieldSearch.Words(context.Memory, caches,
            Enumerable.Range(list / sizeof(ulong), Math.Max(0, (bytes - list) / sizeof(ulong))).Select(i => i * sizeof(ulong)),
            (_, value, _) => KernelBytes.LooksLikePointer(value)))
        {
            ulong[] nodes = [.. caches.Select(cache => context.Read(cache, at))];
            if (nodes.Distinct().Count() == nodes.Length)
            {
                found.AddRange(Enumerable.Range(1, MaxNodeBytes / sizeof(ulong)).Select(i => i * sizeof(ulong))
                    .Where(head => IsNode(context, pages, nodes, head))
                    .Select(head => (at, head)));
            }
        }

        if (found.Count != 1)
        {
            return Part.Absent($"{found.Count} pointers of every cache lead to a list of slabs and their number");
        }

        (int node, int partial) = found[0];
        LayoutBook book = context.Book;
        const string Invariant = "for every cache, a list of struct pages, and before it how many they are";
        book.Add("kmem_cache_node", "nr_partial", partial - sizeof(ulong), LayoutBook.UnsignedLong, caches.Count, Invariant);
        book.Add("kmem_cache_node", "partial", partial, book.Struct("list_head"), caches.Count, Invariant);
        book.Add(Tag, "node", node, new ArrayType(() => book.PointerTo("kmem_cache_node"), MostNodes), caches.Count, Invariant);

        // With CONFIG_SLUB_DEBUG both counts stand behind the list.
        int slabs = partial + (2 * sizeof(ulong));
        int size = of.SizeAt;
        if (caches.TrueForAll(cache => context.Read(cache, node) is var its && context.Read(its, slabs) is var count
            && context.Read(its, slabs + sizeof(ulong)) is var objects
            && count >= context.Read(its, partial - sizeof(ulong)) && count <= MostSlabs * PageBytes && objects >= count && objects <= count * MaxObjects
            && (count != 0 || objects == 0) && context.Read(cache, size) != 0)
            && caches.Exists(cache => context.Read(context.Read(cache, node), slabs) != 0))
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

        return new SlabNodes(node);
    }

    private static bool IsNode(InferenceContext context, PageLists pages, ulong[] nodes, int head)
    {
        pages.Restart();
        bool any = false;
        foreach (ulong node in nodes)
        {
            ulong count = context.Read(node, head - sizeof(ulong));
            if (count > MostSlabs || context.Read(node, head) == 0 || pages.Follow(node + (ulong)head, MostSlabs) is not { } slabs
                || (ulong)slabs.Count != count)
            {
                return false;
            }

            any |= count > 0;
        }

        return any;
    }
}
