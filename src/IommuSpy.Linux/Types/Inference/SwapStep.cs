namespace IommuSpy.Linux.Types.Inference;

/// <summary>
/// struct swap_info_struct: each that is in use is in the array that the symbol swap_info names and on the list that swap_active_head heads, and their pages
/// are in sum what the kernel counts in total_swap_pages and nr_swap_pages.
/// </summary>
internal static class SwapStep
{
    private const int MostDevices = 32; // MAX_SWAPFILES_SHIFT
    private const int MaxLinkAt = 256;
    private const int MaxBytes = 60 << 10; // in 4.14 to 4.18 with a link for each node that there may be
    private const int MaxFileAt = 192; // behind the counts
    private const ulong UsedAndWritable = 3; // SWP_USED, SWP_WRITEOK
    private const ulong MostPages = 1UL << 40;
    private const ulong OffList = 0xc000_0000_0000_0000; // since 6.13 in the word of used pages
    private const ulong KindMask = 0xf000;
    private const ulong BlockDevice = 0x6000;
    private const ulong RegularFile = 0x8000;

    // struct plist_node (include/linux/plist.h): prio, prio_list, node_list; prio is negative where the device's is not.
    private const int NodeListAt = 24;
    private const int NodeBytes = 40;

    // In every release: flags, prio, list.
    private const int FlagsBefore = 16;
    private const int PriorityBefore = 8;

    public static void Run(InferenceState state)
    {
        if (state.SymbolAddress("swap_info") is not ulong array || state.SymbolAddress("swap_active_head") is not ulong head)
        {
            Refuse(state, "no symbols swap_info and swap_active_head");
            return;
        }

        if (state.Linked(head, MostDevices) is not { Count: > 0 } links)
        {
            Refuse(state, "the list that the symbol swap_active_head heads is empty or damaged: no device is in use");
            return;
        }

        Dictionary<ulong, uint> known = [];
        for (uint i = 0; i < MostDevices && state.Memory.WordOrZero(array + (i * sizeof(ulong))) is ulong device && state.Memory.IsPointer(device); i++)
        {
            known.TryAdd(device, i);
        }

        int[] places = [.. Enumerable.Range(0, (MaxLinkAt / sizeof(ulong)) + 1).Select(i => i * sizeof(ulong))
            .Where(at =>
                at >= FlagsBefore + NodeListAt
                    && links.TrueForAll(link => known.ContainsKey(link - (ulong)at) && IsDevice(state, link - (ulong)at, at - NodeListAt)))];
        if (places.Length != 1)
        {
            Refuse(state, $"{places.Length} ways to see devices of swap_info with their flags and priority on the list that swap_active_head heads");
            return;
        }

        int list = places[0] - NodeListAt;
        List<ulong> devices = [.. links.Select(link => link - (ulong)places[0])];
        const string Listed = "in the array swap_info and linked from swap_active_head, in use and writable, and the link's priority is the negative of prio";
        LayoutBook book = state.Book;
        book.Add("swap_info_struct", "flags", list - FlagsBefore, LayoutBook.UnsignedLong, devices.Count, Listed);
        book.Add("swap_info_struct", "prio", list - PriorityBefore, LayoutBook.Short, devices.Count, Listed);
        book.Size("plist_node", NodeBytes);
        book.Declare("plist_node", "prio", 0, LayoutBook.Int);
        book.Declare("plist_node", "prio_list", sizeof(ulong), book.Struct("list_head"));
        book.Declare("plist_node", "node_list", NodeListAt, book.Struct("list_head"));
        book.Add("swap_info_struct", "list", list, book.Struct("plist_node"), devices.Count, Listed);
        if (Counts(state, devices, list + NodeBytes) is (int pages, int used))
        {
            Number(state, devices, known, list + NodeBytes, pages);
            File(state, devices, used);
        }
    }

    private static void Refuse(InferenceState state, string reason) => state.Book.Refuse("swap_info_struct", "flags", reason);

    private static bool IsDevice(InferenceState state, ulong device, int list)
    {
        ulong flags = state.Read(device, list - FlagsBefore);
        return (flags & UsedAndWritable) == UsedAndWritable && flags <= uint.MaxValue
            && (int)state.Read(device, list) == -(short)state.Read(device, list - PriorityBefore);
    }

    // Pages of all devices, and right behind them those of them that are in use: 32 bits, since 6.13 a word.
    private static (int Pages, int Used)? Counts(InferenceState state, List<ulong> devices, int from)
    {
        ulong total = state.SymbolAddress("total_swap_pages") is ulong all ? state.Memory.WordOrZero(all) : 0;
        ulong free = state.SymbolAddress("nr_swap_pages") is ulong rest ? state.Memory.WordOrZero(rest) : ulong.MaxValue;
        if (total is 0 or > MostPages || free > total)
        {
            state.Book.Refuse("swap_info_struct", "pages", "no symbols total_swap_pages and nr_swap_pages with numbers of pages");
            return null;
        }

        List<(int Pages, int Used, bool IsWord)> found = [];
        foreach (int at in FieldSearch.HalfWords(state.Memory, devices, MaxBytes, (_, value, offset) => offset >= from && value != 0 && value <= total))
        {
            int word = (at + sizeof(ulong)) & ~(sizeof(ulong) - 1);
            if (Sum(state, devices, at, uint.MaxValue) == total)
            {
                found.AddRange(Sum(state, devices, at + sizeof(uint), uint.MaxValue) == total - free ? [(at, at + sizeof(uint), false)] : []);

                // Where both are the same place, the lower half tells as much.
                found.AddRange(word != at + sizeof(uint) && Sum(state, devices, word, ~OffList) == total - free ? [(at, word, true)] : []);
            }
        }

        int[] counts = [.. found.Select(pair => pair.Pages).Distinct()];
        if (counts.Length != 1)
        {
            state.Book.Refuse("swap_info_struct", "pages",
                $"{counts.Length} numbers are in sum total_swap_pages, with what of that is not in nr_swap_pages behind them");
            return null;
        }

        (int pages, int used, bool isWord) = found[0];
        state.Book.Add("swap_info_struct", "pages", pages, LayoutBook.UnsignedInt, devices.Count, "in sum what the symbol total_swap_pages counts");
        if (found.Count == 1)
        {
            state.Book.Add("swap_info_struct", "inuse_pages", used, isWord ? LayoutBook.Long : LayoutBook.UnsignedInt, devices.Count,
                "behind pages, and in sum what of total_swap_pages is not in nr_swap_pages");
        }
        else
        {
            // Where nothing is swapped out, a hole in the structure says the same.
            state.Book.Refuse("swap_info_struct", "inuse_pages",
                $"{found.Count} numbers behind pages are in sum what of total_swap_pages is not in nr_swap_pages");
        }

        return (pages, used);
    }

    private static ulong Sum(InferenceState state, List<ulong> devices, int at, ulong mask) =>
        devices.Aggregate(0UL, (sum, device) => unchecked(sum + (state.Read(device, at) & mask)));

    // The number in swap_info, and behind it one more than the last page's: some pages may be bad.
    private static void Number(InferenceState state, List<ulong> devices, Dictionary<ulong, uint> known, int from, int pages)
    {
        List<int> numbers = FieldSearch.Words(state.Memory, devices, pages, (device, value, offset) =>
            offset >= from && (uint)value == known[device] && value >> 32 is ulong most && most > (uint)state.Read(device, pages)
                && most / 2 <= (uint)state.Read(device, pages));
        if (numbers.Count == 1)
        {
            state.Book.Add("swap_info_struct", "type", numbers[0], LayoutBook.SignedChar, devices.Count,
                "each device's place in swap_info, and more than its pages behind that");
            state.Book.Add("swap_info_struct", "max", numbers[0] + sizeof(uint), LayoutBook.UnsignedInt, devices.Count,
                "more than the device's pages, and behind its place in swap_info");
        }
        else
        {
            state.Book.Refuse("swap_info_struct", "type", $"{numbers.Count} words hold each device's place in swap_info and more than its pages");
        }
    }

    private static void File(InferenceState state, List<ulong> devices, int used)
    {
        if (!state.Has("file", "f_path", "f_inode") || !state.Has("dentry", "d_inode") || !state.Has("inode", "i_mode"))
        {
            state.Book.Refuse("swap_info_struct", "swap_file", "files, and what kind of file they are, were not all found");
            return;
        }

        int entry = state.At("file", "f_path") + sizeof(ulong);
        List<int> files = FieldSearch.Words(state.Memory, devices,
            Enumerable.Range((used / sizeof(ulong)) + 1, MaxFileAt / sizeof(ulong)).Select(i => i * sizeof(ulong)), (_, value, _) =>
            state.Memory.IsDirect(value) && state.Read(value, state.At("file", "f_inode")) is ulong inode && state.Memory.IsDirect(inode)
            && state.Read(value, entry) is ulong its && state.Memory.IsDirect(its) && state.Read(its, state.At("dentry", "d_inode")) == inode
            && (state.Read(inode, state.At("inode", "i_mode")) & KindMask) is BlockDevice or RegularFile);
        if (files.Count == 1)
        {
            state.Book.Add("swap_info_struct", "swap_file", files[0], state.Book.PointerTo("file"), devices.Count,
                "a file whose directory entry leads to its own inode, a block device's or a regular file's");
        }
        else
        {
            state.Book.Refuse("swap_info_struct", "swap_file", $"{files.Count} pointers lead to a block device's or a regular file's struct file");
        }
    }
}
