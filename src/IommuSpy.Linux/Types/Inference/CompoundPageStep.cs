using System.Numerics;
using IommuSpy.Linux.VmCoreInfo;

namespace IommuSpy.Linux.Types.Inference;

/// <summary>
/// What a compound page keeps in its first tail (include/linux/mm_types.h), where VMCOREINFO does not say: pages that are flagged as heads tell where their
/// tails name them, how many tails do tells the order, and processes that map 2 MiB at once tell the count of whole mappings.
/// </summary>
internal static class CompoundPageStep
{
    private const ulong HugetlbArea = 0x40_0000; // VM_HUGETLB
    private const string HugetlbDestructor = "HUGETLB_PAGE_DTOR";
    private const int FewestHeads = 16;
    private const int MostHeads = 2048;
    private const int MostTails = (1 << 10) - 1;
    private const ulong HugePages = 512;
    private const int MostDestructor = 8;

    public static void Run(InferenceState state, VmCoreInfoNote note, int bytes)
    {
        if (!state.Has("page", "flags") || !note.TryGetNumber("PG_head_mask", out long mask) || mask <= 0 || PageLists.Of(state) is not { } array)
        {
            return;
        }

        List<ulong> heads = [.. array.Flagged((ulong)mask, MostHeads).Select(frame => array.Page(frame.Number))];
        if (!state.Has("page", "compound_head") && !state.Has("page", "compound_info") && !Head(state, heads, bytes))
        {
            return;
        }

        if (!state.Has("page", "compound_order") && !state.Has("folio", "_flags_1") && !state.Has("page", "first_page"))
        {
            Order(state, heads, bytes);
        }

        // Before 4.5 each page of a huge one was counted by itself; since 5.17 the count is the folio's.
        if (!state.IsSince(5, 17))
        {
            Destructor(state, note, heads, bytes);
            MapCount(state, bytes);
        }
    }

    // Since 4.4 a tail holds its head's address with bit 0 set; before, the address as it is.
    private static bool Head(InferenceState state, List<ulong> heads, int bytes)
    {
        foreach ((string name, ulong bit) in new[] { ("compound_head", 1UL), ("first_page", 0UL) })
        {
            List<int> offsets = [.. FieldSearch.Words(state.Memory, heads, 2 * bytes, (head, value, offset) => offset >= bytes && value == head + bit)];
            if (heads.Count >= FewestHeads && offsets.Count == 1)
            {
                state.Book.Add("page", name, offsets[0] - bytes, bit == 0 ? state.Book.PointerTo("page") : LayoutBook.UnsignedLong, heads.Count,
                    "in the page after every one that is flagged as a head, that head");
                return true;
            }
        }

        state.Book.Refuse("page", "compound_head", $"no one offset leads from the page after each of {heads.Count} heads back to it");
        return false;
    }

    private static void Order(InferenceState state, List<ulong> heads, int bytes)
    {
        int at = state.At("page", state.Has("page", "compound_head") ? "compound_head" : "compound_info");
        Dictionary<ulong, int> orders = [];
        foreach (ulong head in heads)
        {
            int tails = 0;
            while (tails <= MostTails && state.Read(head + ((ulong)(tails + 1) * (ulong)bytes), at) == head + 1)
            {
                tails++;
            }

            if (tails <= MostTails && BitOperations.IsPow2(tails + 1))
            {
                orders[head] = BitOperations.Log2((uint)tails + 1);
            }
        }

        List<int> offsets = orders.Values.Distinct().Count() < 2 ? [] : Bytes(state, [.. orders.Keys], bytes, (head, _, value) => value == orders[head]);
        if (offsets.Count == 1)
        {
            state.Book.Add("page", "compound_order", offsets[0], LayoutBook.UnsignedChar, orders.Count,
                "in the first tail, of how many pages the compound page is by the tails that name its head");
        }
        else
        {
            state.Book.Refuse("page", "compound_order", $"{offsets.Count} offsets of the first tail hold the order of {orders.Count} compound pages");
        }
    }

    private static void Destructor(InferenceState state, VmCoreInfoNote note, List<ulong> heads, int bytes)
    {
        if (note.TryGetNumber(HugetlbDestructor, out long told))
        {
            state.Book.Enumerator(HugetlbDestructor, told);
            return;
        }

        int areaFlags = state.At("vm_area_struct", "vm_flags");
        (ulong Area, ulong Head)[] leaves = [.. HugeLeaves(state, bytes)];
        HashSet<ulong> hugetlb = [.. leaves.Where(leaf => (state.Read(leaf.Area, areaFlags) & HugetlbArea) != 0).Select(leaf => leaf.Head)];
        if (hugetlb.Count == 0 || state.Has("page", "first_page") || !note.TryGetNumber("PG_slab", out long slab))
        {
            return;
        }

        // The number of what frees pages of hugetlbfs: other huge pages and slabs have another. What else is compound may be of its pool.
        int flags = state.At("page", "flags");
        ulong[] others = [.. leaves.Select(leaf => leaf.Head).Except(hugetlb),
            .. heads.Where(head => (state.Read(head, flags) >> (int)slab & 1) != 0).Except(hugetlb)];
        ulong one = hugetlb.First();
        List<int> offsets = Bytes(state, [.. hugetlb, .. others], bytes, (head, offset, value) =>
            value is > 0 and < MostDestructor && hugetlb.Contains(head) == (value == Byte(state, one + (ulong)bytes, offset)));
        if (offsets.Count == 1)
        {
            state.Book.Add("page", "compound_dtor", offsets[0], LayoutBook.UnsignedChar, hugetlb.Count + others.Length,
                "in the first tail, a number that pages of hugetlbfs have, and neither other huge pages nor slabs");
            state.Book.Enumerator(HugetlbDestructor, Byte(state, one + (ulong)bytes, offsets[0]));
        }
        else
        {
            state.Book.Refuse("page", "compound_dtor",
                $"{offsets.Count} offsets of the first tail tell {hugetlb.Count} pages of hugetlbfs from {others.Length} other compound pages");
        }
    }

    private static void MapCount(InferenceState state, int bytes)
    {
        Dictionary<ulong, int> mapped = HugeLeaves(state, bytes).Distinct().GroupBy(pair => pair.Head).ToDictionary(group => group.Key, group => group.Count());
        List<int> offsets =
            [.. FieldSearch.HalfWords(state.Memory, [.. mapped.Keys], 2 * bytes, (head, value, offset) => offset >= bytes && value + 1 == (uint)mapped[head])];
        if (mapped.Values.Max(count => (int?)count) > 1 && offsets.Count == 1)
        {
            state.Book.Add("page", "compound_mapcount", offsets[0] - bytes, LayoutBook.Int, mapped.Count,
                "in the first tail, how many processes map 2 MiB by one entry, less one");
        }
        else
        {
            state.Book.Refuse("page", "compound_mapcount",
                $"{offsets.Count} offsets of the first tail hold how often each of {mapped.Count} pages of 2 MiB is mapped");
        }
    }

    private static IEnumerable<(ulong Area, ulong Head)> HugeLeaves(InferenceState state, int bytes)
    {
        ulong vmemmap = state.Kernel.Facts.VmemmapBase!.Value.Value;
        return AreaLeaves.Of(state).Where(leaf => leaf.Level == 2)
            .Select(leaf => (leaf.Area, vmemmap + (leaf.Frame.Number / HugePages * HugePages * (ulong)bytes)));
    }

    // Offsets in the first tail at which a test holds of the byte there, for all heads.
    private static List<int> Bytes(InferenceState state, IReadOnlyList<ulong> heads, int bytes, Func<ulong, int, byte, bool> test) =>
        heads.Count == 0 ? []
            : [.. Enumerable.Range(0, bytes).Where(offset => heads.All(head => test(head, offset, Byte(state, head + (ulong)bytes, offset))))];

    private static byte Byte(InferenceState state, ulong page, int offset) => (byte)(state.Read(page, offset & ~7) >> (8 * (offset & 7)));
}
