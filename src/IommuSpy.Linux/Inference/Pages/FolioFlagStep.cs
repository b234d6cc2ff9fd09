using IommuSpy.Linux.Inference.Memory;

namespace IommuSpy.Linux.Inference.Pages;

/// <summary>folio._flags_1, whose lowest byte is the order of a compound page since 6.6.</summary>
internal sealed class FolioFlagStep : InferenceStep<ProcessAreas, PageFields, FolioFlags>
{
    private const ulong HugePages = 512;
    private const ulong HugeOrder = 9;

    /// <inheritdoc/>
    public override string Subject => "the flags of folios";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["folio._flags_1"];

    // Since 6.6 a compound page's order is the lowest byte of its first tail's flags; VMCOREINFO told where it was until then. What maps 2 MiB is of order 9.
    /// <inheritdoc/>
    public override Part<FolioFlags> Infer(InferenceContext context, ProcessAreas areas, PageFields fields)
    {
        int bytes = context.Kernel.StructPageBytes;
        if (fields.At("compound_order") is not null)
        {
            return new FolioFlags(null);
        }

        if (fields.At("flags") is not int flags)
        {
            return Part.Absent("VMCOREINFO does not say where the flags of pages are");
        }

        ulong vmemmap = context.Kernel.Facts.VmemmapBase!.Value.Value;
        int at = bytes + flags;
        HashSet<ulong> heads =
            [.. AreaLeaves.Of(context, areas).Where(leaf => leaf.Level == 2)
                .Select(leaf => vmemmap + (leaf.Frame.Number / HugePages * HugePages * (ulong)bytes))];
        if (heads.Count > 0 && heads.All(head => (context.Read(head, at) & 0xff) == HugeOrder))
        {
            context.Book.Add("folio", "_flags_1", at, LayoutBook.UnsignedLong, heads.Count,
                "its lowest byte is 9 in the first tail of every page that is mapped by 2 MiB", InferenceConfidence.Confirmed);
            return new FolioFlags(at);
        }

        return Part.Absent($"of {heads.Count} pages that are mapped by 2 MiB, not all have order 9 in the first tail's flags");
    }
}
