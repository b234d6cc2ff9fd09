using IommuSpy.Linux.Inference.Files;
using IommuSpy.Linux.Inference.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Linux.Inference.Pages;

/// <summary>page.mapping and index, by the pages of files that processes map and may not write.</summary>
internal sealed class PageMappingStep : InferenceStep<ProcessAreas, Part<AreaOffsets>, FileMappings, MappedPages>
{
    private const int FewestPages = 16;

    /// <inheritdoc/>
    public override string Subject => "the struct pages of files";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["page.mapping"];

    /// <inheritdoc/>
    public override Part<MappedPages> Infer(InferenceContext context, ProcessAreas areas, Part<AreaOffsets> offsets, FileMappings mapped)
    {
        int bytes = context.Kernel.StructPageBytes;
        if (context.Kernel.Facts.VmemmapBase is not { } vmemmap || bytes is <= 0 or > 256)
        {
            return Part.Absent("the array of struct page was not found");
        }

        Dictionary<ulong, (ulong Mapping, ulong Index)> expected = [];
        foreach (AreaLeaf leaf in AreaLeaves.Of(context, areas))
        {
            if (leaf.Level == 1 && context.Read(leaf.Area, mapped.Files.OfAreaAt) is ulong its and not 0
                && !context.Kernel.Mode.Format.OwnRights(leaf.Entry, leaf.Level).HasFlag(AccessRights.Write))
            {
                expected[vmemmap.Value.Value + (leaf.Frame.Number * (ulong)bytes)] = (context.Read(its, mapped.MappingAt),
                    (offsets.Value is AreaOffsets known ? context.Read(leaf.Area, known.PageAt) : 0) + leaf.Page);
            }
        }

        // A page of a private file that was written before it was made read-only is the process's own, and the tails of a compound page do not say whose it is.
        int[] words = [.. Enumerable.Range(0, bytes / sizeof(ulong)).Select(i => i * sizeof(ulong))];
        int[] mappings = [.. words.Where(at => expected.Count(pair => context.Read(pair.Key, at) == pair.Value.Mapping) * 2 > expected.Count)];
        List<ulong> owned = mappings.Length == 1
            ? [.. expected.Where(pair => context.Read(pair.Key, mappings[0]) == pair.Value.Mapping).Select(pair => pair.Key)] : [];
        if (owned.Count < FewestPages)
        {
            return Part.Absent($"{mappings.Length} offsets lead from {expected.Count} pages that files are mapped in to the files' address_space");
        }

        context.Book.Size("page", (ulong)bytes);
        context.Book.Add("page", "mapping", mappings[0], context.Book.PointerTo("address_space"), owned.Count,
            $"leads from {owned.Count} of {expected.Count} pages of files that no process may write to the file's address_space");
        if (offsets.Absence is string unknown)
        {
            context.Book.Refuse("page", "index", unknown);
            return new MappedPages(owned, mappings[0]);
        }

        List<int> indexes = FieldSearch.Words(context.Memory, owned, bytes, (page, value, _) => value == expected[page].Index);
        if (indexes.Count == 1)
        {
            context.Book.Add("page", IndexName(context), indexes[0], LayoutBook.UnsignedLong, owned.Count,
                "each such page's number in its file, by the area that maps it");
        }
        else
        {
            context.Book.Refuse("page", "index", $"{indexes.Count} offsets hold each page's number in its file");
        }

        return new MappedPages(owned, mappings[0]);
    }

    // It was renamed in 6.16, being the folio's.
    private static string IndexName(InferenceContext context) => context.IsSince(6, 16) ? "__folio_index" : "index";
}
