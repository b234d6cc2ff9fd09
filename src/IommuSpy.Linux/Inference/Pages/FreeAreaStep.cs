using IommuSpy.Linux.Types;
using IommuSpy.Linux.VmCoreInfo;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Inference.Pages;

/// <summary>
/// struct free_area: in each zone an array, one for each order, of lists of struct pages that begin blocks of that order, each followed by the number of
/// blocks; the order stands in the first page of each.
/// </summary>
internal sealed class FreeAreaStep : InferenceStep<NodeZones, FreeBlocks>
{
    private const int MinTypes = 2;
    private const int MaxTypes = 8;
    private const int MinOrders = 8;
    private const int MaxOrders = 21;
    private const int LinkBytes = 16;
    private const int FewestFilled = 2;
    private const int MostFollowed = 1024; // of each list: further blocks are not looked at

    /// <inheritdoc/>
    public override string Subject => "the free blocks of zones";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["free_area.free_list", "zone.free_area"];

    /// <inheritdoc/>
    public override Part<FreeBlocks> Infer(InferenceContext context, NodeZones zones)
    {
        if (PageLists.Of(context) is not { } pages)
        {
            return Part.Absent("the array of struct page was not found");
        }

        int bytes = zones.Bytes;
        List<(int At, int Types, int Orders, List<int> Private, int Blocks, int Link)> found = [];
        for (int types = MinTypes; types <= MaxTypes; types++)
        {
            int area = (types * LinkBytes) + sizeof(ulong);
            for (int at = 0; at + (area * MinOrders) <= bytes; at += sizeof(ulong))
            {
                if (zones.All.TrueForAll(zone => IsArea(context, pages, zone.Address + (ulong)at, types))
                    && Blocks(context, zones, pages, at, types, Math.Min((bytes - at) / area, MaxOrders)) is { } blocks)
                {
                    found.Add((at, types, blocks.Orders, blocks.Private, blocks.Count, blocks.Link));
                }
            }
        }

        if (found.Count != 1)
        {
            return Part.Absent($"{found.Count} places in every zone have lists of blocks of ascending order with their numbers");
        }

        (int place, int lists, int orders, List<int> privates, int count, int link) = found[0];
        if (context.Contradiction(("zone.free_area", place), ("free_area.free_list", 0), ("page.lru", link)) is string contradiction)
        {
            return Part.Absent(contradiction);
        }

        string invariant = $"lists of {count} struct pages in {zones.All.Count} zones, each within its zone, aligned to its order and with the order in "
            + $"private, and as many as are counted";
        LayoutBook book = context.Book;
        book.Size("free_area", (ulong)((lists * LinkBytes) + sizeof(ulong)));
        book.Add("free_area", "free_list", 0, new ArrayType(() => book.Struct("list_head"), (ulong)lists), count, invariant);
        book.Add("free_area", "nr_free", lists * LinkBytes, LayoutBook.UnsignedLong, count, invariant);
        book.Add("zone", "free_area", place, new ArrayType(() => book.Struct("free_area"), (ulong)orders), zones.All.Count, invariant);
        Pages(context, link, privates, count);
        return new FreeBlocks(link, MigrateTypes(context, lists));
    }

    private static bool IsArea(InferenceContext context, PageLists pages, ulong area, int types)
    {
        for (int type = 0; type < types; type++)
        {
            if (!pages.IsHead(area + (ulong)(type * LinkBytes)))
            {
                return false;
            }
        }

        return !KernelBytes.LooksLikeAddress(context.Memory.WordOrZero(area + (ulong)(types * LinkBytes)));
    }

    // As many orders as have the shape in every zone; of all blocks on their lists, the words of struct page that hold their order.
    private static (int Orders, List<int> Private, int Count, int Link)? Blocks(InferenceContext context, NodeZones zones, PageLists pages, int at, int types,
        int most)
    {
        pages.Restart();
        int bytes = (types * LinkBytes) + sizeof(ulong);
        int orders = 0;
        int count = 0;
        int filled = 0;
        List<int> privates = [.. Enumerable.Range(0, context.Kernel.StructPageBytes / sizeof(ulong)).Select(i => i * sizeof(ulong))];
        for (; orders < most && zones.All.TrueForAll(zone => IsArea(context, pages, zone.Address + (ulong)(at + (orders * bytes)), types)); orders++)
        {
            int before = count;
            foreach ((ulong zone, PageFrame start, ulong spanned) in zones.All)
            {
                ulong area = zone + (ulong)(at + (orders * bytes));
                ulong listed = 0;
                bool whole = true;
                for (int type = 0; type < types; type++)
                {
                    if (pages.Follow(area + (ulong)(type * LinkBytes), MostFollowed) is not { } frames
                        || !frames.TrueForAll(frame => frame - start.Number < spanned && PageLists.Begins(frame, orders)))
                    {
                        return null;
                    }

                    privates = FieldsOf(context, pages, frames, privates, orders);
                    listed += (ulong)frames.Count;
                    whole &= frames.Count < MostFollowed;
                }

                ulong counted = context.Memory.WordOrZero(area + (ulong)(types * LinkBytes));
                if (privates.Count == 0 || (whole ? counted != listed : counted < listed))
                {
                    return null;
                }

                count += (int)listed;
            }

            filled += count > before ? 1 : 0;
        }

        return orders >= MinOrders && filled >= FewestFilled && pages.LinkAt is int link ? (orders, privates, count, link) : null;
    }

    private static List<int> FieldsOf(InferenceContext context, PageLists pages, List<ulong> frames, List<int> offsets, int order) =>
        frames.Count == 0 ? offsets : FieldSearch.Words(context.Memory, [.. frames.Select(pages.Page)], offsets, (_, value, _) => value == (ulong)order);

    private static void Pages(InferenceContext context, int link, List<int> privates, int count)
    {
        context.Book.Size("page", (ulong)context.Kernel.StructPageBytes);
        context.Book.Add("page", "lru", link, context.Book.Struct("list_head"), count, "links free blocks to the lists of their zone");
        int[] orders = context.Kernel.VmCoreInfo is VmCoreInfoNote note && note.TryGetOffset("page.private", out long told)
            ? [.. privates.Where(at => at == told)] : [.. privates];
        if (orders.Length == 1)
        {
            context.Book.Add("page", "private", orders[0], LayoutBook.UnsignedLong, count, "the order of every free block");
        }
        else
        {
            context.Book.Refuse("page", "private", $"{orders.Length} words hold the order of every free block");
        }
    }

    // migratetype_names names each list's type; per-CPU lists are kept of those before the first that is for emergencies: "HighAtomic" since 4.4, "Reserve"
    // before.
    private static int MigrateTypes(InferenceContext context, int lists)
    {
        string?[] names = context.SymbolAddress("migratetype_names") is ulong array
            ? [.. Enumerable.Range(0, lists).Select(i => context.KernelObjectName(array + ((ulong)i * sizeof(ulong))))] : [];
        int kept = Array.FindIndex(names, name => name is "HighAtomic" or "Reserve");
        if (kept <= 0 || names.Contains(null))
        {
            context.Book.Refuse("migratetype", "MIGRATE_UNMOVABLE", "no symbol migratetype_names that leads to a name for each list");
            return 0;
        }

        context.Book.Enumeration("migratetype",
            [.. names.Select((name, i) => new Enumerator($"MIGRATE_{name!.ToUpperInvariant()}", i)), new("MIGRATE_PCPTYPES", kept),
                new("MIGRATE_TYPES", lists)]);
        return kept;
    }
}
