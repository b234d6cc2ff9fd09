using IommuSpy.Linux.Inference.Files;

namespace IommuSpy.Linux.Inference.Pages;

/// <summary>
/// struct swap_info_struct: each that is in use is in the array that the symbol swap_info names and on the list that swap_active_head heads, and their pages
/// are in sum what the kernel counts in total_swap_pages and nr_swap_pages.
/// </summary>
internal sealed class SwapStep : InferenceStep<Part<MappedFiles>, Part<InodeModes>, FieldsOnly>
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

    /// <inheritdoc/>
    public override string Subject => "devices of swap";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["swap_info_struct.flags"];

    /// <inheritdoc/>
    public override Part<FieldsOnly> Infer(InferenceContext context, Part<MappedFiles> files, Part<InodeModes> modes)
    {
        if (context.SymbolAddress("swap_info") is not ulong array || context.SymbolAddress("swap_active_head") is not ulong head)
        {
            return Part.Absent("no symbols swap_info and swap_active_head");
        }

        if (context.Linked(head, MostDevices) is not { Count: > 0 } links)
        {
            return Part.Absent("the list that the symbol swap_active_head heads is empty or damaged: no device is in use");
        }

        Dictionary<ulong, uint> known = [];
        for (uint i = 0; i < MostDevices && context.Memory.WordOrZero(array + (i * sizeof(ulong))) is ulong device && context.Memory.IsPointer(device); i++)
        {
            known.TryAdd(device, i);
        }

        int[] places = [.. Enumerable.Range(0, (MaxLinkAt / sizeof(ulong)) + 1).Select(i => i * sizeof(ulong))
            .Where(at =>
                at >= FlagsBefore + NodeListAt
                    && links.TrueForAll(link => known.ContainsKey(link - (ulong)at) && IsDevice(context, link - (ulong)at, at - NodeListAt)))];
        if (places.Length != 1)
        {
            return Part.Absent($"{places.Length} ways to see devices of swap_info with their flags and priority on the list that swap_active_head heads");
        }

        int list = places[0] - NodeListAt;
        List<ulong> devices = [.. links.Select(link => link - (ulong)places[0])];
        const string Listed = "in the array swap_info and linked from swap_active_head, in use and writable, and the link's priority is the negative of prio";
        LayoutBook book = context.Book;
        book.Add("swap_info_struct", "flags", list - FlagsBefore, LayoutBook.UnsignedLong, devices.Count, Listed);
        book.Add("swap_info_struct", "prio", list - PriorityBefore, LayoutBook.Short, devices.Count, Listed);
        book.Size("plist_node", NodeBytes);
        book.Declare("plist_node", "prio", 0, LayoutBook.Int);
        book.Declare("plist_node", "prio_list", sizeof(ulong), book.Struct("list_head"));
        book.Declare("plist_node", "node_list", NodeListAt, book.Struct("list_head"));
        book.Add("swap_info_struct", "list", list, book.Struct("plist_node"), devices.Count, Listed);
        if (Counts(context, devices, list + NodeBytes) is (int pages, int used))
        {
            Number(context, devices, known, list + NodeBytes, pages);
            File(context, files, modes, devices, used);
        }

        return FieldsOnly.Done;
    }

    private static bool IsDevice(InferenceContext context, ulong device, int list)
    {
        ulong flags = context.Read(device, list - FlagsBefore);
        return (flags & UsedAndWritable) == UsedAndWritable && flags <= uint.MaxValue
            && (int)context.Read(device, list) == -(short)context.Read(device, list - PriorityBefore);
    }

    // Pages of all devices, and right behind them those of them that are in use: 32 bits, since 6.13 a word.
    private static (int Pages, int Used)? Counts(InferenceContext context, List<ulong> devices, int from)
    {
        ulong total = context.SymbolAddress("total_swap_pages") is ulong all ? context.Memory.WordOrZero(all) : 0;
        ulong free = context.SymbolAddress("nr_swap_pages") is ulong rest ? context.Memory.WordOrZero(rest) : ulong.MaxValue;
        if (total is 0 or > MostPages || free > total)
        {
            context.Book.Refuse("swap_info_struct", "pages", "no symbols total_swap_pages and nr_swap_pages with numbers of pages");
            return null;
        }

        List<(int Pages, int Used, bool IsWord)> found = [];
        foreach (int at in FieldSearch.HalfWords(context.Memory, devices, MaxBytes, (_, value, offset) => offset >= from && value != 0 && value <= total))
        {
            int word = (at + sizeof(ulong)) & ~(sizeof(ulong) - 1);
            if (Sum(context, devices, at, uint.MaxValue) == total)
            {
                found.AddRange(Sum(context, devices, at + sizeof(uint), uint.MaxValue) == total - free ? [(at, at + sizeof(uint), false)] : []);

                // Where both are the same place, the lower half tells as much.
                found.AddRange(word != at + sizeof(uint) && Sum(context, devices, word, ~OffList) == total - free ? [(at, word, true)] : []);
            }
        }

        int[] counts = [.. found.Select(pair => pair.Pages).Distinct()];
        if (counts.Length != 1)
        {
            context.Book.Refuse("swap_info_struct", "pages",
                $"{counts.Length} numbers are in sum total_swap_pages, with what of that is not in nr_swap_pages behind them");
            return null;
        }

        (int pages, int used, bool isWord) = found[0];
        context.Book.Add("swap_info_struct", "pages", pages, LayoutBook.UnsignedInt, devices.Count, "in sum what the symbol total_swap_pages counts");
        if (found.Count == 1)
        {
            context.Book.Add("swap_info_struct", "inuse_pages", used, isWord ? LayoutBook.Long : LayoutBook.UnsignedInt, devices.Count,
                "behind pages, and in sum what of total_swap_pages is not in nr_swap_pages");
        }
        else
        {
            // Where nothing is swapped out, a hole in the structure says the same.
            context.Book.Refuse("swap_info_struct", "inuse_pages",
                $"{found.Count} numbers behind pages are in sum what of total_swap_pages is not in nr_swap_pages");
        }

        return (pages, used);
    }

    private static ulong Sum(InferenceContext context, List<ulong> devices, int at, ulong mask) =>
        devices.Aggregate(0UL, (sum, device) => unchecked(sum + (context.Read(device, at) & mask)));

    // The number in swap_info, and behind it one more than the last page's: some pages may be bad.
    private static void Number(InferenceContext context, List<ulong> devices, Dictionary<ulong, uint> known, int from, int pages)
    {
        List<int> numbers = FieldSearch.Words(context.Memory, devices, pages, (device, value, offset) =>
            offset >= from && (uint)value == known[device] && value >> 32 is ulong most && most > (uint)context.Read(device, pages)
                && most / 2 <= (uint)context.Read(device, pages));
        if (numbers.Count == 1)
        {
            context.Book.Add("swap_info_struct", "type", numbers[0], LayoutBook.SignedChar, devices.Count,
                "each device's place in swap_info, and more than its pages behind that");
            context.Book.Add("swap_info_struct", "max", numbers[0] + sizeof(uint), LayoutBook.UnsignedInt, devices.Count,
                "more than the device's pages, and behind its place in swap_info");
        }
        else
        {
            context.Book.Refuse("swap_info_struct", "type", $"{numbers.Count} words hold each device's place in swap_info and more than its pages");
        }
    }

    private static void File(InferenceContext context, Part<MappedFiles> known, Part<InodeModes> modes, List<ulong> devices, int used)
    {
        if (known.Value is not MappedFiles of || modes.Value is not InodeModes { ModeAt: int modeAt })
        {
            context.Book.Refuse("swap_info_struct", "swap_file", "files, and what kind of file they are, were not all found");
            return;
        }

        int entry = of.EntryAt;
        List<int> files = FieldSearch.Words(context.Memory, devices,
            Enumerable.Range((used / sizeof(ulong)) + 1, MaxFileAt / sizeof(ulong)).Select(i => i * sizeof(ulong)), (_, value, _) =>
            context.Memory.IsDirect(value) && context.Read(value, of.InodeAt) is ulong inode && context.Memory.IsDirect(inode)
            && context.Read(value, entry) is ulong its && context.Memory.IsDirect(its) && context.Read(its, of.EntryInodeAt) == inode
            && (context.Read(inode, modeAt) & KindMask) is BlockDevice or RegularFile);
        if (files.Count == 1)
        {
            context.Book.Add("swap_info_struct", "swap_file", files[0], context.Book.PointerTo("file"), devices.Count,
                "a file whose directory entry leads to its own inode, a block device's or a regular file's");
        }
        else
        {
            context.Book.Refuse("swap_info_struct", "swap_file", $"{files.Count} pointers lead to a block device's or a regular file's struct file");
        }
    }
}
