using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Zones;

namespace IommuSpy.Linux.Types.Inference;

/// <summary>struct per_cpu_pages: a pointer of every zone leads, at each CPU's offset, to lists of free pages and the number of pages on them.</summary>
internal static class CpuPageStep
{
    private const int MaxCountAt = 64;
    private const int MaxListsAt = 128;
    private const int MaxLists = 64;
    private const int MinLists = 3;
    private const int LinkBytes = 16;
    private const int MostCpus = 64; // what further ones keep is not looked at
    private const int MostPages = 1 << 20;

    public static void Run(InferenceState state)
    {
        PerCpu cpus = PerCpu.Of(state.Kernel);
        if (!state.Has("zone", "free_area") || cpus.Offsets.Count == 0 || PageLists.Of(state) is not { } pages)
        {
            Refuse(state, "free blocks, and where each CPU has its own, were not all found");
            return;
        }

        int types = state.Book.ValueOf("MIGRATE_PCPTYPES") is long kept ? (int)kept : 0;
        List<Place> found = [];
        foreach (int at in FieldSearch.Words(state.Memory, [.. state.Zones.Select(zone => zone.Address)], state.At("zone", "name"),
            (_, value, _) => value != 0))
        {
            List<ulong> copies = [.. state.Zones.SelectMany(zone => cpus.Offsets.Take(MostCpus).Select(offset => offset + state.Read(zone.Address, at)))];
            if (Lists(state, pages, copies) is { } lists)
            {
                found.AddRange(Counts(state, pages, copies, lists.At, lists.Count, types)
                    .Select(count => new Place(at, count, lists.At, lists.Count, copies.Count)));
            }
        }

        if (found.Count != 1)
        {
            Refuse(state, $"{found.Count} ways to see lists of pages, and how many, that zones keep for CPUs");
            return;
        }

        Add(state, found[0]);
    }

    private static void Refuse(InferenceState state, string reason) => state.Book.Refuse("per_cpu_pages", "lists", reason);

    private static void Add(InferenceState state, Place place)
    {
        const string Invariant = "for every zone and CPU, lists of struct pages in the zone, and as many pages as are counted";
        LayoutBook book = state.Book;
        book.Add("per_cpu_pages", "count", place.CountAt, LayoutBook.Int, place.Copies, Invariant);
        book.Add("per_cpu_pages", "lists", place.ListsAt, new ArrayType(() => book.Struct("list_head"), (ulong)place.Lists), place.Copies, Invariant);

        // Since 5.14 there are lists for several orders, and no per_cpu_pageset around them.
        if (place.Lists > MinLists)
        {
            book.Add("zone", "per_cpu_pageset", place.At, book.PointerTo("per_cpu_pages"), state.Zones.Count, Invariant);
        }
        else
        {
            book.Add("per_cpu_pageset", "pcp", 0, book.Struct("per_cpu_pages"), place.Copies, "the first field in every release that has it",
                InferenceConfidence.Confirmed);
            book.Add("zone", "pageset", place.At, book.PointerTo("per_cpu_pageset"), state.Zones.Count, Invariant);
        }
    }

    // The first place that has list heads in all copies, and how many there are.
    private static (int At, int Count)? Lists(InferenceState state, PageLists pages, List<ulong> copies)
    {
        for (int at = sizeof(ulong); at <= MaxListsAt; at += sizeof(ulong))
        {
            int count = 0;
            while (count < MaxLists
                && copies.TrueForAll(copy =>
                    state.Memory.WordOrZero(copy + (ulong)(at + (count * LinkBytes))) != 0 && pages.IsHead(copy + (ulong)(at + (count * LinkBytes)))))
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

    private static List<int> Counts(InferenceState state, PageLists pages, List<ulong> copies, int at, int count, int types)
    {
        Dictionary<ulong, ulong> sums = [];
        for (int i = 0; i < copies.Count; i++)
        {
            ulong sum = 0;
            (ulong _, Memory.PageFrame start, ulong spanned) = state.Zones[i / (copies.Count / state.Zones.Count)];
            for (int list = 0; list < count; list++)
            {
                if (pages.Follow(copies[i] + (ulong)(at + (list * LinkBytes)), MostPages) is not { } frames
                    || !frames.TrueForAll(frame => frame - start.Number < spanned))
                {
                    return [];
                }

                sum += (ulong)frames.Count << ZoneTable.CpuListOrder((ulong)list, (ulong)types);
            }

            sums[copies[i]] = sum;
        }

        // Where nothing is kept, or the same by all, anything may count it.
        return sums.Values.Distinct().Count() < 2 || pages.LinkAt != state.At("page", "lru") ? [] :
            FieldSearch.HalfWords(state.Memory, copies, Math.Min(at, MaxCountAt), (copy, value, _) => value == sums[copy]);
    }

    private sealed record Place(int At, int CountAt, int ListsAt, int Lists, int Copies);
}
