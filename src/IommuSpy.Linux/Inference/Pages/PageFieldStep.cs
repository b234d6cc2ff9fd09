using IommuSpy.Linux.Types;
using IommuSpy.Linux.VmCoreInfo;

namespace IommuSpy.Linux.Inference.Pages;

/// <summary>
/// struct page where the kernel's own VMCOREINFO says it is, if pages of files or lists of free blocks show a field where that says too; and the flags of
/// pages.
/// </summary>
internal sealed class PageFieldStep : InferenceStep<Part<MappedPages>, Part<FreeBlocks>, PageFields>
{
    private const long OldBuddy = -128; // PAGE_BUDDY_MAPCOUNT_VALUE before 4.18

    private static readonly (string Name, int Bytes)[] Told =
    [
        ("flags", 8), ("_refcount", 4), ("_count", 4), ("_mapcount", 4), ("lru", 16), ("private", 8), ("compound_head", 8), ("compound_info", 8),
        ("compound_order", 1), ("compound_dtor", 1),
    ];

    /// <inheritdoc/>
    public override string Subject => "what VMCOREINFO tells of struct page";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["page.flags"];

    /// <inheritdoc/>
    public override Part<PageFields> Infer(InferenceContext context, Part<MappedPages> pages, Part<FreeBlocks> free)
    {
        if (context.Kernel.VmCoreInfo is not VmCoreInfoNote note)
        {
            return Part.Absent("this image has no VMCOREINFO");
        }

        if (pages.Value is MappedPages its && (!note.TryGetOffset("page.mapping", out long told) || told != its.MappingAt))
        {
            return Part.Absent($"mapping is at {its.MappingAt} of struct page, and VMCOREINFO does not say so");
        }

        // What links free blocks was compared with VMCOREINFO where it was found.
        if (pages.Value is null && !(free.Value is not null && note.TryGetOffset("page.lru", out _)))
        {
            return Part.Absent($"nothing bears VMCOREINFO out: {pages.Absence}; {free.Absence ?? "VMCOREINFO does not say where lru is"}");
        }

        List<ulong> mapped = pages.Value?.All ?? [];
        string agrees = $"VMCOREINFO says so, and says of {(pages.Value is null ? "lru" : "mapping")} what the data say";
        int bytes = context.Kernel.StructPageBytes;
        context.Book.Size("page", (ulong)bytes);
        Dictionary<string, int> found = new(StringComparer.Ordinal);
        foreach ((string name, int size) in Told)
        {
            if (!note.TryGetOffset("page." + name, out long at) || at < 0 || at + size > bytes)
            {
                continue;
            }

            // A page that is mapped is referenced, and in no large page it is counted.
            bool holds = name is not ("_refcount" or "_count") || mapped.TrueForAll(page => (int)context.Read(page, (int)at) > 0);
            KernelType type = name switch
            {
                "lru" => context.Book.Struct("list_head"),
                "_refcount" or "_count" or "_mapcount" => LayoutBook.Int,
                "compound_order" or "compound_dtor" => LayoutBook.UnsignedChar,
                _ => LayoutBook.UnsignedLong,
            };
            if (holds)
            {
                found[name] = (int)at;

                // The lists of free blocks have told of these.
                if (free.Value is null || name is not ("lru" or "private"))
                {
                    context.Book.Add("page", name, (int)at, type, mapped.Count, agrees, InferenceConfidence.Confirmed);
                }
            }
            else
            {
                context.Book.Refuse("page", name, $"a page that is mapped is not referenced at {at}, where VMCOREINFO has it");
            }
        }

        // Until 4.18 a free block had a map count of -128; since then page_type lies over the map count.
        if (found.TryGetValue("_mapcount", out int count) && note.TryGetNumber("PAGE_BUDDY_MAPCOUNT_VALUE", out long buddy) && buddy != OldBuddy)
        {
            context.Book.Over("page", "page_type", count, LayoutBook.UnsignedInt, mapped.Count,
                "over _mapcount: VMCOREINFO tells types by values that it has there");
        }

        return new PageFields(found, PageFlagOrders.Add(context, note, found.TryGetValue("flags", out int flags) ? flags : null));
    }
}
