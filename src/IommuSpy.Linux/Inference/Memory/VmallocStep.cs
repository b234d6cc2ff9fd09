using IommuSpy.Memory;

namespace IommuSpy.Linux.Inference.Memory;

/// <summary>
/// struct vmap_area and struct vm_struct: the list that the symbol vmap_area_list heads (until 6.8) links ranges of addresses that ascend, and each leads to a
/// structure with the same address.
/// </summary>
internal sealed class VmallocStep : InferenceStep<FieldsOnly>
{
    private const int MaxAreas = 1 << 22;
    private const int MaxListAt = 128;
    private const int LinkBytes = 16;
    private const int MaxAreaBytes = 128;
    private const ulong PageMask = PageFrame.Size - 1;
    private const ulong MaxPhysical = 1UL << 52;

    // struct vm_struct, in every release: next, addr, size, flags, pages, nr_pages, phys_addr, caller (include/linux/vmalloc.h); since 5.13 page_order before
    // nr_pages, where it is configured.
    private const int AddressAt = 8;
    private const int SizeAt = 16;
    private const int FlagsAt = 24;
    private const int PagesAt = 32;
    private const int PhysicalAt = 48;
    private const int CallerAt = 56;

    // struct vmap_area before 5.2: flags behind both ends, of which one says that there is a vm_struct.
    private const int OldFlagsAt = 16;
    private const int OldListAt = 48;
    private const ulong OldHasStructure = 4;
    private const ulong OldFlags = 7;

    private static readonly int[] CountsAt = [40, 44];

    /// <inheritdoc/>
    public override string Subject => "the areas of vmalloc";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["vmap_area.list", "vm_struct.addr"];

    /// <inheritdoc/>
    public override Part<FieldsOnly> Infer(InferenceContext context)
    {
        if (context.SymbolAddress("vmap_area_list") is not ulong head)
        {
            return Part.Absent("no symbol vmap_area_list: since 6.9 areas are spread over several lists");
        }

        if (context.Linked(head, MaxAreas) is not { Count: > 1 } links)
        {
            return Part.Absent("the list that the symbol vmap_area_list heads is empty or damaged");
        }

        int[] lists = [.. Enumerable.Range(2, (MaxListAt / sizeof(ulong)) - 1).Select(i => i * sizeof(ulong)).Where(list => Ascend(context, links, list))];
        if (lists.Length != 1)
        {
            return Part.Absent($"{lists.Length} ways to see ranges of addresses that ascend in what the symbol vmap_area_list links");
        }

        List<ulong> areas = [.. links.Select(link => link - (ulong)lists[0])];
        bool isOld = lists[0] == OldListAt && areas.TrueForAll(area => context.Read(area, OldFlagsAt) <= OldFlags);
        List<ulong> held = isOld ? [.. areas.Where(area => (context.Read(area, OldFlagsAt) & OldHasStructure) != 0)] : areas;
        List<int> structures = FieldSearch.Words(context.Memory, held, MaxAreaBytes, (area, value, _) => value == 0 || IsOf(context, area, value));
        structures.RemoveAll(offset => held.TrueForAll(area => context.Read(area, offset) == 0));
        if (structures.Count != 1)
        {
            return Part.Absent($"{structures.Count} pointers lead from areas to structures of the same address");
        }

        const string Ascending = "ranges of whole pages that ascend and do not overlap, in the order of the list that the symbol vmap_area_list heads";
        const string Same = "the address of the area that leads to it, and no more bytes";
        LayoutBook book = context.Book;
        List<ulong> known = [.. held.Select(area => context.Read(area, structures[0])).Where(structure => structure != 0)];
        book.Add("vmap_area", "va_start", 0, LayoutBook.UnsignedLong, areas.Count, "the first field in every release; " + Ascending,
            InferenceConfidence.Confirmed);
        book.Add("vmap_area", "va_end", 8, LayoutBook.UnsignedLong, areas.Count, Ascending);
        book.Add("vmap_area", "list", lists[0], book.Struct("list_head"), areas.Count, Ascending);
        book.Add("vmap_area", "vm", structures[0], book.PointerTo("vm_struct"), held.Count, Same);
        book.Add("vm_struct", "addr", AddressAt, LayoutBook.Pointer, known.Count, Same);
        book.Add("vm_struct", "size", SizeAt, LayoutBook.UnsignedLong, known.Count, Same);
        book.Add("vm_struct", "flags", FlagsAt, LayoutBook.UnsignedLong, known.Count, "between size and caller in every release; 32 bits",
            InferenceConfidence.Confirmed);
        if (isOld)
        {
            book.Add("vmap_area", "flags", OldFlagsAt, LayoutBook.UnsignedLong, areas.Count, "three bits, of which one tells which areas have a structure",
                InferenceConfidence.Confirmed);
        }

        Waiting(context, [lists[0] + LinkBytes, structures[0]]);
        Rest(context, known);
        return FieldsOnly.Done;
    }

    private static bool Ascend(InferenceContext context, List<ulong> links, int list)
    {
        ulong before = 0;
        foreach (ulong link in links)
        {
            ulong start = context.Read(link - (ulong)list, 0);
            ulong end = context.Read(link - (ulong)list, 8);
            if (!IsRange(start, end) || start < before)
            {
                return false;
            }

            before = end;
        }

        return true;
    }

    private static bool IsRange(ulong start, ulong end) => KernelBytes.LooksLikePointer(start) && end > start && ((start | end) & PageMask) == 0;

    private static bool IsOf(InferenceContext context, ulong area,
        ulong structure) => context.Memory.IsDirect(structure) && context.Read(structure, AddressAt) == context.Read(area, 0)
        && context.Read(structure, SizeAt) is ulong size && size != 0 && size <= context.Read(area, 8) - context.Read(area, 0);

    // Before 5.12, what waits for being unmapped is linked one way, from the symbol vmap_purge_list; the link stands behind list, or over vm. Nothing may wait.
    private static void Waiting(InferenceContext context, int[] places)
    {
        if (context.SymbolAddress("vmap_purge_list") is not ulong head || context.Memory.WordOrZero(head) is not (ulong first and not 0))
        {
            return;
        }

        int[] links = [.. places.Distinct().Where(at => Chain(context, first, at))];
        if (links.Length == 1)
        {
            context.Book.Over("vmap_area", "purge_list", links[0], LayoutBook.Pointer, 1,
                "links ranges of whole pages from the symbol vmap_purge_list to an end");
        }
        else
        {
            context.Book.Refuse("vmap_area", "purge_list", $"{links.Length} links lead from the symbol vmap_purge_list over ranges of pages to an end");
        }
    }

    private static bool Chain(InferenceContext context, ulong first, int link)
    {
        int count = 0;
        for (ulong at = first; at != 0; at = context.Memory.WordOrZero(at))
        {
            ulong area = at - (ulong)link;
            if (!context.Memory.IsDirect(at) || !IsRange(context.Read(area, 0), context.Read(area, 8)) || ++count > MaxAreas)
            {
                return false;
            }
        }

        return true;
    }

    // What has pages has as many as its size, with or without the page that guards its end; what has a physical address begins a page there; all were asked for
    // by code.
    private static void Rest(InferenceContext context, List<ulong> structures)
    {
        LayoutBook book = context.Book;
        List<ulong> paged = [.. structures.Where(structure => context.Read(structure, PagesAt) != 0)];
        List<int> counts = FieldSearch.HalfWords(context.Memory, paged, CountsAt, (structure, value, _) =>
            KernelBytes.LooksLikePointer(context.Read(structure, PagesAt))
                && (value == 0 || context.Read(structure, SizeAt) - ((uint)value * (ulong)PageFrame.Size) is 0 or PageFrame.Size));

        // Whoever maps pages of its own keeps their array and not their number.
        counts.RemoveAll(offset => paged.Count(structure => (uint)context.Read(structure, offset) != 0) * 2 < paged.Count);
        if (counts.Count == 1)
        {
            const string Whole = "a pointer and, of what has it, as many pages as its size, with or without a guard page";
            book.Add("vm_struct", "pages", PagesAt, LayoutBook.Pointer, paged.Count, Whole);
            book.Add("vm_struct", "nr_pages", counts[0], LayoutBook.UnsignedInt, paged.Count, Whole);
        }
        else
        {
            book.Refuse("vm_struct", "nr_pages", $"{counts.Count} numbers are those of the pages of {paged.Count} areas that have any");
        }

        if (structures.TrueForAll(structure => (context.Read(structure, PhysicalAt) & PageMask) == 0 && context.Read(structure, PhysicalAt) < MaxPhysical
            && context.Read(structure, CallerAt) is ulong code && (code == 0 || context.IsCode(code))))
        {
            const string Asked = "declared in this order: of every area a physical address of a whole page, or none, and code that asked for it";
            book.Add("vm_struct", "phys_addr", PhysicalAt, LayoutBook.UnsignedLong, structures.Count, Asked, InferenceConfidence.Confirmed);
            book.Add("vm_struct", "caller", CallerAt, LayoutBook.Pointer, structures.Count, Asked, InferenceConfidence.Confirmed);
        }
        else
        {
            book.Refuse("vm_struct", "caller", "physical addresses and callers do not make sense where they always were");
        }
    }
}
