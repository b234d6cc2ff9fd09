using IommuSpy.Linux.VmCoreInfo;

namespace IommuSpy.Linux.Types.Inference;

/// <summary>
/// struct page: mapping and index by the pages of files that processes map and never write; the rest where the kernel's own VMCOREINFO says it is, if mapping
/// is found where that says too.
/// </summary>
internal static class PageStep
{
    private const ulong MayWrite = 2; // VM_WRITE
    private const int FewestPages = 16;
    private const ulong HugePages = 512;
    private const ulong HugeOrder = 9;
    private const long OldBuddy = -128; // PAGE_BUDDY_MAPCOUNT_VALUE before 4.18

    private static readonly (string Name, int Bytes)[] Told =
    [
        ("flags", 8), ("_refcount", 4), ("_count", 4), ("_mapcount", 4), ("lru", 16), ("private", 8), ("compound_head", 8), ("compound_info", 8),
        ("compound_order", 1), ("compound_dtor", 1),
    ];

    public static void Run(InferenceState state)
    {
        int bytes = state.Kernel.StructPageBytes;
        if (state.Kernel.Facts.VmemmapBase is not { } vmemmap || bytes is <= 0 or > 256 || !state.Has("vm_area_struct", "vm_file", "vm_flags", "vm_pgoff")
            || !state.Has("file", "f_mapping"))
        {
            state.Book.Refuse("page", "mapping", "areas with files, and the array of struct page, were not all found");
            return;
        }

        int file = state.At("vm_area_struct", "vm_file");
        int flags = state.At("vm_area_struct", "vm_flags");
        int offset = state.At("vm_area_struct", "vm_pgoff");
        int mapping = state.At("file", "f_mapping");
        Dictionary<ulong, (ulong Mapping, ulong Index)> expected = [];
        foreach (AreaLeaf leaf in AreaLeaves.Of(state))
        {
            if (leaf.Level == 1 && state.Read(leaf.Area, file) is ulong its and not 0 && (state.Read(leaf.Area, flags) & MayWrite) == 0)
            {
                expected[vmemmap.Value.Value + (leaf.Frame.Number * (ulong)bytes)] = (state.Read(its, mapping), state.Read(leaf.Area, offset) + leaf.Page);
            }
        }

        // A page of a file that was written before it was made read-only is the process's own, and the tails of a compound page do not say whose it is.
        int[] words = [.. Enumerable.Range(0, bytes / sizeof(ulong)).Select(i => i * sizeof(ulong))];
        int[] mappings = [.. words.Where(at => expected.Count(pair => state.Read(pair.Key, at) == pair.Value.Mapping) * 2 > expected.Count)];
        List<ulong> owned = mappings.Length == 1
            ? [.. expected.Where(pair => state.Read(pair.Key, mappings[0]) == pair.Value.Mapping).Select(pair => pair.Key)] : [];
        if (owned.Count < FewestPages)
        {
            state.Book.Refuse("page", "mapping",
                $"{mappings.Length} offsets lead from {expected.Count} pages that files are mapped in to the files' address_space");
            return;
        }

        state.Book.Size("page", (ulong)bytes);
        state.Book.Add("page", "mapping", mappings[0], state.Book.PointerTo("address_space"), owned.Count,
            $"leads from {owned.Count} of {expected.Count} pages of files that are mapped read-only to the file's address_space");
        List<int> indexes = FieldSearch.Words(state.Memory, owned, bytes, (page, value, _) => value == expected[page].Index);
        if (indexes.Count == 1)
        {
            state.Book.Add("page", IndexName(state), indexes[0], LayoutBook.UnsignedLong, owned.Count,
                "each such page's number in its file, by the area that maps it");
        }
        else
        {
            state.Book.Refuse("page", "index", $"{indexes.Count} offsets hold each page's number in its file");
        }

        if (state.Kernel.VmCoreInfo is VmCoreInfoNote note && note.TryGetOffset("page.mapping", out long told) && told == mappings[0])
        {
            Confirmed(state, note, owned, bytes);
        }
        else
        {
            state.Book.Refuse("page", "flags", "no VMCOREINFO that agrees on where mapping is");
        }
    }

    private static void Confirmed(InferenceState state, VmCoreInfoNote note, List<ulong> mapped, int bytes)
    {
        foreach ((string name, int size) in Told)
        {
            if (!note.TryGetOffset("page." + name, out long at) || at < 0 || at + size > bytes)
            {
                continue;
            }

            // A page that is mapped is referenced, and in no large page it is counted.
            bool holds = name is not ("_refcount" or "_count") || mapped.TrueForAll(page => (int)state.Read(page, (int)at) > 0);
            KernelType type = name switch
            {
                "lru" => state.Book.Struct("list_head"),
                "_refcount" or "_count" or "_mapcount" => LayoutBook.Int,
                "compound_order" or "compound_dtor" => LayoutBook.UnsignedChar,
                _ => LayoutBook.UnsignedLong,
            };
            if (holds)
            {
                state.Book.Add("page", name, (int)at, type, mapped.Count, "VMCOREINFO says so, and says of mapping what the data say",
                    InferenceConfidence.Confirmed);
            }
            else
            {
                state.Book.Refuse("page", name, $"a page that is mapped is not referenced at {at}, where VMCOREINFO has it");
            }
        }

        // Until 4.18 a free block had a map count of -128; since then page_type lies over the map count.
        if (state.Has("page", "_mapcount") && note.TryGetNumber("PAGE_BUDDY_MAPCOUNT_VALUE", out long buddy) && buddy != OldBuddy)
        {
            state.Book.Over("page", "page_type", state.At("page", "_mapcount"), LayoutBook.UnsignedInt, mapped.Count,
                "over _mapcount: VMCOREINFO tells types by values that it has there");
        }

        PageFlagOrders.Add(state, note);
        Order(state, bytes);
        CompoundPageStep.Run(state, note, bytes);
    }

    // Since 6.6 a compound page's order is the lowest byte of its first tail's flags; VMCOREINFO told where it was until then. What maps 2 MiB is of order 9.
    private static void Order(InferenceState state, int bytes)
    {
        if (state.Has("page", "compound_order") || !state.Has("page", "flags"))
        {
            return;
        }

        ulong vmemmap = state.Kernel.Facts.VmemmapBase!.Value.Value;
        int at = bytes + state.At("page", "flags");
        HashSet<ulong> heads =
            [.. AreaLeaves.Of(state).Where(leaf => leaf.Level == 2).Select(leaf => vmemmap + (leaf.Frame.Number / HugePages * HugePages * (ulong)bytes))];
        if (heads.Count > 0 && heads.All(head => (state.Read(head, at) & 0xff) == HugeOrder))
        {
            state.Book.Add("folio", "_flags_1", at, LayoutBook.UnsignedLong, heads.Count,
                "its lowest byte is 9 in the first tail of every page that is mapped by 2 MiB", InferenceConfidence.Confirmed);
        }
        else
        {
            state.Book.Refuse("folio", "_flags_1", $"of {heads.Count} pages that are mapped by 2 MiB, not all have order 9 in the first tail's flags");
        }
    }

    // It was renamed in 6.16, being the folio's.
    private static string IndexName(InferenceState state) => state.IsSince(6, 16) ? "__folio_index" : "index";
}
