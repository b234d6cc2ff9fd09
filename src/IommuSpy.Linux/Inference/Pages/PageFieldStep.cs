using IommuSpy.Linux.Types;
using IommuSpy.Linux.VmCoreInfo;

namespace IommuSpy.Linux.Inference.Pages;

/// <summary>struct page where the kernel's own VMCOREINFO says it is, if mapping is found where that says too; and the flags of pages.</summary>
internal sealed class PageFieldStep : InferenceStep<MappedPages, PageFields>
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
    public override Part<PageFields> Infer(InferenceContext context, MappedPages pages)
    {
        if (context.Kernel.VmCoreInfo is not VmCoreInfoNote note || !note.TryGetOffset("page.mapping", out long told) || told != pages.MappingAt)
        {
            return Part.Absent("no VMCOREINFO that agrees on where mapping is");
        }

        List<ulong> mapped = pages.All;
        int bytes = context.Kernel.StructPageBytes;
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
                context.Book.Add("page", name, (int)at, type, mapped.Count, "VMCOREINFO says so, and says of mapping what the data say",
                    InferenceConfidence.Confirmed);
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

        return new PageFields(found, PageFlagOrders.Add(context, note));
    }
}
