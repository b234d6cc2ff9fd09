using IommuSpy.Linux.Inference.Pages;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Slab;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Inference.Slab;

/// <summary>
/// What struct page says of a slab until 5.16, and how free objects lead to one another: by all pages that are flagged as slabs, whose free objects have to be
/// as many as the counts leave.
/// </summary>
internal sealed class SlabPageStep : InferenceStep<SlabCaches, SlabNodes, PageFields, FieldsOnly>
{
    private const int MostSlabs = 1024;
    private const int FewestSlabs = 16;
    private const int FewestPartial = 4;
    private const int MostSteps = 1 << 24; // through free objects, in all ways that are tried
    private const int MostCpus = 64;
    private const ulong MaxObjects = 32767;
    private const int PageOfCpuAt = 16; // behind the list of free objects and the transaction number

    /// <inheritdoc/>
    public override string Subject => "what struct page says of slabs";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["page.slab_cache", "page.freelist", "kmem_cache.offset"];

    /// <inheritdoc/>
    public override Part<FieldsOnly> Infer(InferenceContext context, SlabCaches known, SlabNodes nodes, PageFields fields)
    {
        if (fields.At("flags") is not int flags || fields.SlabBit is not int bit || PageLists.Of(context) is not { } array)
        {
            return Part.Absent("which pages are flagged as slabs is not known");
        }

        Dictionary<ulong, ulong> starts = Flagged(context, array, flags, bit);
        List<ulong> pages = [.. starts.Keys];
        HashSet<ulong> all = [.. known.All];
        int bytes = context.Kernel.StructPageBytes;
        List<int> caches = FieldSearch.Words(context.Memory, pages, bytes, (_, value, _) => all.Contains(value));
        if (pages.Count < FewestSlabs || caches.Count != 1)
        {
            context.Book.Refuse("page", "slab_cache", $"{caches.Count} words of {pages.Count} pages that are flagged as slabs lead to caches");
            return FieldsOnly.Done;
        }

        Dictionary<ulong, Slab> slabs = pages.ToDictionary(page => page, page => SlabOf(context, known, page, context.Read(page, caches[0]), starts[page]));
        List<int> lists = FieldSearch.Words(context.Memory, pages, bytes, (page, value, _) => value == 0 || slabs[page].IndexOf(value) is not null);
        lists.RemoveAll(at => pages.Count(page => context.Read(page, at) != 0) < FewestPartial);
        if (lists.Count != 1)
        {
            context.Book.Refuse("page", "freelist", $"{lists.Count} words of {pages.Count} slabs are none or an object in it");
            return FieldsOnly.Done;
        }

        List<(Encoding Way, int Counts)> found = [];
        int steps = MostSteps;
        foreach (Encoding way in Encodings(context, known, nodes))
        {
            Dictionary<ulong, ulong> free = [];
            if (pages.TrueForAll(page => way.Follow(context, slabs[page], lists[0], ref steps) is int count && free.TryAdd(page, (ulong)count)))
            {
                found.AddRange(FieldSearch.HalfWords(context.Memory, pages, bytes, (page, value, _) =>
                    ((value >> 16) & MaxObjects) is var holds && holds > 0 && holds <= (ulong)slabs[page].Objects && holds - (value & 0xffff) == free[page])
                    .Select(at => (way, at)));
            }
        }

        if (found.Count != 1)
        {
            context.Book.Refuse("kmem_cache", "offset", $"{found.Count} ways lead through the free objects of {pages.Count} slabs, with a count of them");
            return FieldsOnly.Done;
        }

        Add(context, found[0].Way, caches[0], lists[0], found[0].Counts, pages.Count);
        CpuSlabs(context, known, caches[0]);
        return FieldsOnly.Done;
    }

    private static void Add(InferenceContext context, Encoding way, int cache, int list, int counts, int slabs)
    {
        LayoutBook book = context.Book;
        const string Counted = "in every slab, as many free objects follow one another as the counts leave";
        book.Add("page", "slab_cache", cache, book.PointerTo("kmem_cache"), slabs, "a cache of the list, for every page that is flagged as a slab");
        book.Add("page", "freelist", list, LayoutBook.Pointer, slabs, Counted);
        book.Bits("page", "inuse", (counts * 8) + 0, 16);
        book.Bits("page", "objects", (counts * 8) + 16, 15);
        book.Bits("page", "frozen", (counts * 8) + 31, 1);
        book.Add("kmem_cache", "offset", way.PointerAt, LayoutBook.UnsignedInt, slabs, Counted);
        if (way.SecretAt is int secret)
        {
            book.Add("kmem_cache", "random", secret, LayoutBook.UnsignedLong, slabs, Counted);
        }
    }

    // Only the first page of a slab is flagged.
    private static Dictionary<ulong, ulong> Flagged(InferenceContext context, PageLists array, int flags, int bit)
    {
        Dictionary<ulong, ulong> starts = [];
        foreach (PageFrame frame in array.Flagged(flags, 1UL << bit, MostSlabs))
        {
            if (context.Kernel.DirectMapAddress(frame.Address) is { } start)
            {
                starts[array.Page(frame.Number)] = start.Value;
            }
        }

        return starts;
    }

    private static Slab SlabOf(InferenceContext context, SlabCaches known, ulong page, ulong cache, ulong start)
    {
        uint size = (uint)context.Read(cache, known.SizeAt);
        ulong bytes = (ulong)PageFrame.Size << (int)((uint)context.Read(cache, known.OrderAt) >> 16);
        return new(page, cache, start, size, (int)(bytes / size));
    }

    // The free pointer's offset is between the sizes and oo, or behind it; what hides pointers is a word of the cache.
    private static IEnumerable<Encoding> Encodings(InferenceContext context, SlabCaches known, SlabNodes nodes)
    {
        int size = known.SizeAt;
        int end = nodes.NodeAt;
        List<int> offsets = FieldSearch.HalfWords(context.Memory, known.All,
            Enumerable.Range(0, (known.ListAt - size) / sizeof(uint)).Select(i => size + (i * sizeof(uint))).Skip(2), (cache, value, _) =>
            value % sizeof(ulong) == 0 && value + sizeof(ulong) <= (uint)context.Read(cache, size));
        List<int> secrets = FieldSearch.Words(context.Memory, known.All, Enumerable.Range(0, end / sizeof(ulong)).Select(i => i * sizeof(ulong)),
            (_, value, _) => value > uint.MaxValue && !KernelBytes.LooksLikePointer(value));
        return offsets.SelectMany(
            offset => secrets.SelectMany(secret => new Encoding[] { new(offset, secret, FreePointers.HiddenSwapped), new(offset, secret, FreePointers.Hidden) })
            .Prepend(new(offset, null, FreePointers.Plain)));
    }

    private static void CpuSlabs(InferenceContext context, SlabCaches known, int cacheAt)
    {
        IReadOnlyList<ulong> cpus = PerCpu.Of(context.Kernel).Offsets;
        ulong[] Copies(ulong variable) => [.. cpus.Take(MostCpus).Select(offset => offset + variable)];
        List<int> found = cpus.Count == 0 ? []
            : FieldSearch.Words(context.Memory, known.All, known.SizeAt, (cache, value, _) => value != 0 && Copies(value).All(copy =>
            context.Memory.At(copy, PageOfCpuAt + sizeof(ulong)).Length > 0
                && (context.Read(copy, PageOfCpuAt) is ulong page and not 0 ? context.Read(page, cacheAt) == cache : context.Read(copy, 0) == 0)));
        found.RemoveAll(at => !known.All.Exists(cache => Copies(context.Read(cache, at)).Any(copy => context.Read(copy, PageOfCpuAt) != 0)));
        if (found.Count != 1)
        {
            context.Book.Refuse("kmem_cache", "cpu_slab", $"{found.Count} pointers lead each CPU of {cpus.Count} to none or a slab of the cache");
            return;
        }

        const string Invariant = "for every cache and CPU, none, or a struct page of the cache";
        context.Book.Add("kmem_cache", "cpu_slab", found[0], context.Book.PointerTo("kmem_cache_cpu"), known.All.Count, Invariant);
        context.Book.Add("kmem_cache_cpu", "freelist", 0, LayoutBook.Pointer, known.All.Count, "the first field in every release; none where there is no slab",
            InferenceConfidence.Confirmed);
        context.Book.Add("kmem_cache_cpu", "page", PageOfCpuAt, context.Book.PointerTo("page"), known.All.Count, Invariant);
    }

    /// <summary>A slab.</summary>
    private sealed record Slab(ulong Page, ulong Cache, ulong Start, uint Size, int Objects)
    {
        /// <summary>The number of the object that begins at an address; null where none does.</summary>
        public int? IndexOf(ulong address) =>
            (address - Start) % Size == 0 && (address - Start) / Size < (ulong)Objects ? (int)((address - Start) / Size) : null;
    }

    /// <summary>How free objects lead to one another.</summary>
    private sealed record Encoding(int PointerAt, int? SecretAt, FreePointers Rule)
    {
        /// <summary>How many there are; null where they lead out of the slab or round, or no steps are left.</summary>
        public int? Follow(InferenceContext context, Slab slab, int listAt, ref int steps)
        {
            uint offset = (uint)context.Read(slab.Cache, PointerAt);
            ulong secret = SecretAt is int at ? context.Read(slab.Cache, at) : 0;
            int count = 0;
            for (ulong item = context.Read(slab.Page, listAt); item != 0; count++)
            {
                if (steps-- <= 0 || count == slab.Objects || slab.IndexOf(item) is null)
                {
                    return null;
                }

                item = Rule.Decode(context.Memory.WordOrZero(item + offset), secret, item + offset);
            }

            return count;
        }
    }
}
