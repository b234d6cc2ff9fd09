using System.Numerics;
using IommuSpy.Linux.Inference.Memory;
using IommuSpy.Linux.VmCoreInfo;

namespace IommuSpy.Linux.Inference.Pages;

/// <summary>
/// What a compound page keeps in its first tail (include/linux/mm_types.h), where VMCOREINFO does not say: pages that are flagged as heads tell where their
/// tails name them, how many tails do tells the order, and processes that map 2 MiB at once tell the count of whole mappings.
/// </summary>
internal sealed class CompoundPageStep : InferenceStep<ProcessAreas, Part<AreaRights>, PageFields, Part<FolioFlags>, FieldsOnly>
{
    private const ulong HugetlbArea = 0x40_0000; // VM_HUGETLB
    private const string HugetlbDestructor = "HUGETLB_PAGE_DTOR";
    private const string FirstPage = "first_page";
    private const int FewestHeads = 16;
    private const int MostHeads = 2048;
    private const int MostTails = (1 << 10) - 1;
    private const ulong HugePages = 512;
    private const int MostDestructor = 8;

    /// <inheritdoc/>
    public override string Subject => "what compound pages keep in their first tail";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["page.compound_head"];

    /// <inheritdoc/>
    public override Part<FieldsOnly> Infer(InferenceContext context, ProcessAreas areas, Part<AreaRights> rights, PageFields fields, Part<FolioFlags> folio)
    {
        int bytes = context.Kernel.StructPageBytes;
        if (fields.At("flags") is not int flags || context.Kernel.VmCoreInfo is not VmCoreInfoNote note || !note.TryGetNumber("PG_head_mask", out long mask)
            || mask <= 0 || PageLists.Of(context) is not { } array)
        {
            return FieldsOnly.Done;
        }

        List<ulong> heads = [.. array.Flagged(flags, (ulong)mask, MostHeads).Select(frame => array.Page(frame.Number))];
        string? link = fields.At("compound_head") is not null ? "compound_head" : fields.At("compound_info") is not null ? "compound_info" : null;
        (string Name, int At)? head = link is not null ? (link, fields.At(link)!.Value) : Head(context, heads, bytes);
        if (head is not (string name, int at))
        {
            return Part.Absent($"no one offset leads from the page after each of {heads.Count} heads back to it");
        }

        if (fields.At("compound_order") is null && folio.Value is null && name != FirstPage)
        {
            Order(context, heads, at, bytes);
        }

        // Before 4.5 each page of a huge one was counted by itself; since 5.17 the count is the folio's.
        if (!context.IsSince(5, 17))
        {
            Destructor(context, areas, rights.Value, note, heads, flags, name, bytes);
            MapCount(context, areas, bytes);
        }

        return FieldsOnly.Done;
    }

    // Since 4.4 a tail holds its head's address with bit 0 set; before, the address as it is.
    private static (string Name, int At)? Head(InferenceContext context, List<ulong> heads, int bytes)
    {
        foreach ((string name, ulong bit) in new[] { ("compound_head", 1UL), (FirstPage, 0UL) })
        {
            List<int> offsets = [.. FieldSearch.Words(context.Memory, heads, 2 * bytes, (head, value, offset) => offset >= bytes && value == head + bit)];
            if (heads.Count >= FewestHeads && offsets.Count == 1)
            {
                context.Book.Add("page", name, offsets[0] - bytes, bit == 0 ? context.Book.PointerTo("page") : LayoutBook.UnsignedLong, heads.Count,
                    "in the page after every one that is flagged as a head, that head");
                return (name, offsets[0] - bytes);
            }
        }

        return null;
    }

    private static void Order(InferenceContext context, List<ulong> heads, int at, int bytes)
    {
        Dictionary<ulong, int> orders = [];
        foreach (ulong head in heads)
        {
            int tails = 0;
            while (tails <= MostTails && context.Read(head + ((ulong)(tails + 1) * (ulong)bytes), at) == head + 1)
            {
                tails++;
            }

            if (tails <= MostTails && BitOperations.IsPow2(tails + 1))
            {
                orders[head] = BitOperations.Log2((uint)tails + 1);
            }
        }

        List<int> offsets = orders.Values.Distinct().Count() < 2 ? [] : Bytes(context, [.. orders.Keys], bytes, (head, _, value) => value == orders[head]);
        if (offsets.Count == 1)
        {
            context.Book.Add("page", "compound_order", offsets[0], LayoutBook.UnsignedChar, orders.Count,
                "in the first tail, of how many pages the compound page is by the tails that name its head");
        }
        else
        {
            context.Book.Refuse("page", "compound_order", $"{offsets.Count} offsets of the first tail hold the order of {orders.Count} compound pages");
        }
    }

    private static void Destructor(
        InferenceContext context, ProcessAreas areas, AreaRights? rights, VmCoreInfoNote note, List<ulong> heads, int flags, string link, int bytes)
    {
        if (note.TryGetNumber(HugetlbDestructor, out long told))
        {
            context.Book.Enumerator(HugetlbDestructor, told);
            return;
        }

        if (rights is null)
        {
            context.Book.Refuse("page", "compound_dtor", "what areas allow, by which those of hugetlbfs are told, was not found");
            return;
        }

        (ulong Area, ulong Head)[] leaves = [.. HugeLeaves(context, areas, bytes)];
        HashSet<ulong> hugetlb = [.. leaves.Where(leaf => (context.Read(leaf.Area, rights.FlagsAt) & HugetlbArea) != 0).Select(leaf => leaf.Head)];
        if (hugetlb.Count == 0 || link == FirstPage || !note.TryGetNumber("PG_slab", out long slab))
        {
            return;
        }

        // The number of what frees pages of hugetlbfs: other huge pages and slabs have another. What else is compound may be of its pool.
        ulong[] others = [.. leaves.Select(leaf => leaf.Head).Except(hugetlb),
            .. heads.Where(head => (context.Read(head, flags) >> (int)slab & 1) != 0).Except(hugetlb)];
        ulong one = hugetlb.First();
        List<int> offsets = Bytes(context, [.. hugetlb, .. others], bytes, (head, offset, value) =>
            value is > 0 and < MostDestructor && hugetlb.Contains(head) == (value == Byte(context, one + (ulong)bytes, offset)));
        if (offsets.Count == 1)
        {
            context.Book.Add("page", "compound_dtor", offsets[0], LayoutBook.UnsignedChar, hugetlb.Count + others.Length,
                "in the first tail, a number that pages of hugetlbfs have, and neither other huge pages nor slabs");
            context.Book.Enumerator(HugetlbDestructor, Byte(context, one + (ulong)bytes, offsets[0]));
        }
        else
        {
            context.Book.Refuse("page", "compound_dtor",
                $"{offsets.Count} offsets of the first tail tell {hugetlb.Count} pages of hugetlbfs from {others.Length} other compound pages");
        }
    }

    private static void MapCount(InferenceContext context, ProcessAreas areas, int bytes)
    {
        Dictionary<ulong, int> mapped = HugeLeaves(context, areas, bytes).Distinct().GroupBy(pair => pair.Head)
            .ToDictionary(group => group.Key, group => group.Count());
        List<int> offsets =
            [.. FieldSearch.HalfWords(context.Memory, [.. mapped.Keys], 2 * bytes,
                (head, value, offset) => offset >= bytes && value + 1 == (uint)mapped[head])];
        if (mapped.Values.Max(count => (int?)count) > 1 && offsets.Count == 1)
        {
            context.Book.Add("page", "compound_mapcount", offsets[0] - bytes, LayoutBook.Int, mapped.Count,
                "in the first tail, how many processes map 2 MiB by one entry, less one");
        }
        else
        {
            context.Book.Refuse("page", "compound_mapcount",
                $"{offsets.Count} offsets of the first tail hold how often each of {mapped.Count} pages of 2 MiB is mapped");
        }
    }

    private static IEnumerable<(ulong Area, ulong Head)> HugeLeaves(InferenceContext context, ProcessAreas areas, int bytes)
    {
        ulong vmemmap = context.Kernel.Facts.VmemmapBase!.Value.Value;
        return AreaLeaves.Of(context, areas).Where(leaf => leaf.Level == 2)
            .Select(leaf => (leaf.Area, vmemmap + (leaf.Frame.Number / HugePages * HugePages * (ulong)bytes)));
    }

    // Offsets in the first tail at which a test holds of the byte there, for all heads.
    private static List<int> Bytes(InferenceContext context, IReadOnlyList<ulong> heads, int bytes, Func<ulong, int, byte, bool> test) =>
        heads.Count == 0 ? []
            : [.. Enumerable.Range(0, bytes).Where(offset => heads.All(head => test(head, offset, Byte(context, head + (ulong)bytes, offset))))];

    private static byte Byte(InferenceContext context, ulong page, int offset) => (byte)(context.Read(page, offset & ~7) >> (8 * (offset & 7)));
}
