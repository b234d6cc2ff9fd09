using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Linux.Zones;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Inference.Pages;

/// <summary>struct per_cpu_pages: a pointer of every zone leads, at each CPU's offset, to lists of free pages and the number of pages on them.</summary>
internal sealed class CpuPageStep : InferenceStep<NodeZones, FreeBlocks, FieldsOnly>
{
    private const int MaxCountAt = 64;
    private const int MaxListsAt = 128;
    private const int MaxLists = 64;
    private const int MinLists = 3;
    private const int LinkBytes = 16;
    private const int MostCpus = 64; // what further ones keep is not looked at
    private const int MostPages = 1 << 20;

    /// <inheritdoc/>
    public override string Subject => "the free pages of CPUs";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["per_cpu_pages.lists"];

    /// <inheritdoc/>
    public override Part<FieldsOnly> Infer(InferenceContext context, NodeZones zones, FreeBlocks blocks)
    {
        PerCpu cpus = PerCpu.Of(context.Kernel);
        if (cpus.Offsets.Count == 0 || PageLists.Of(context) is not { } pages)
        {
            return Part.Absent("where each CPU has its own variables was not found");
        }

        List<Place> found = [];
        foreach (int at in FieldSearch.Words(context.Memory, [.. zones.All.Select(zone => zone.Address)], zones.NameAt,
            (_, value, _) => value != 0))
        {
            List<ulong> copies = [.. zones.All.SelectMany(zone => cpus.Offsets.Take(MostCpus).Select(offset => offset + context.Read(zone.Address, at)))];
            if (Lists(context, pages, copies) is { } lists)
            {
                found.AddRange(Counts(context, zones, blocks, pages, copies, lists.At, lists.Count)
                    .Select(count => new Place(at, count, lists.At, lists.Count, copies.Count)));
            }
        }

        if (found.Count != 1)
        {
            return Part.Absent($"{found.Count} ways to see lists of pages, and how many, that zones keep for CPUs");
        }

        Add(context, zones, found[0]);
        return FieldsOnly.Done;
    }

    private static void Add(InferenceContext context, NodeZones zones, Place place)
    {
        const string Invariant = "for every zone and CPU, lists of struct pages in the zone, and as many pages as are counted";
        LayoutBook book = context.Book;
        book.Add("per_cpu_pages", "count", place.CountAt, LayoutBook.Int, place.Copies, Invariant);
        book.Add("per_cpu_pages", "lists", place.ListsAt, new ArrayType(() => book.Struct("list_head"), (ulong)place.Lists), place.Copies, Invariant);

        // Since 5.14 there are lists for several orders, and no per_cpu_pageset around them.
        if (place.Lists > MinLists)
        {
            book.Add("zone", "per_cpu_pageset", place.At, book.PointerTo("per_cpu_pages"), zones.All.Count, Invariant);
        }
        else
        {
            book.Add("per_cpu_pageset", "pcp", 0, book.Struct("per_cpu_pages"), place.Copies, "the first field in every release that has it",
                InferenceConfidence.Confirmed);
            book.Add("zone", "pageset", place.At, book.PointerTo("per_cpu_pageset"), zones.All.Count, Invariant);
        }
    }

    // The first place that has list heads in all copies, and how many there are.
    private static (int At, int Count)? Lists(InferenceContext context, PageLists pages, List<ulong> copies)
    {
        for (int at = sizeof(ulong); at <= MaxListsAt; at += sizeof(ulong))
        {
            int count = 0;
            while (count < MaxLists
                && copies.TrueForAll(copy =>
                    context.Memory.WordOrZero(copy + (ulong)(at + (count * LinkBytes))) != 0 && pages.IsHead(copy + (ulong)(at + (count * LinkBytes)))))
            {
                count++;
            }

            if (count >= MinLists)
            {
                return (at, count);
            }
        }

        return null;
    }

    private static List<int> Counts(
        InferenceContext context, NodeZones zones, FreeBlocks blocks, PageLists pages, List<ulong> copies, int at, int count)
    {
        Dictionary<ulong, ulong> sums = [];
        for (int i = 0; i < copies.Count; i++)
        {
            ulong sum = 0;
            (ulong _, PageFrame start, ulong spanned) = zones.All[i / (copies.Count / zones.All.Count)];
            for (int list = 0; list < count; list++)
            {
                if (pages.Follow(copies[i] + (ulong)(at + (list * LinkBytes)), MostPages) is not { } frames
                    || !frames.TrueForAll(frame => frame - start.Number < spanned))
                {
                    return [];
                }

                sum += (ulong)frames.Count << ZoneTable.CpuListOrder((ulong)list, (ulong)blocks.KeptTypes);
            }

            sums[copies[i]] = sum;
        }

        // Where nothing is kept, or the same by all, anything may count it.
        return sums.Values.Distinct().Count() < 2 || pages.LinkAt != blocks.LinkAt ? [] :
            FieldSearch.HalfWords(context.Memory, copies, Math.Min(at, MaxCountAt), (copy, value, _) => value == sums[copy]);
    }

    private sealed record Place(int At, int CountAt, int ListsAt, int Lists, int Copies);
}
