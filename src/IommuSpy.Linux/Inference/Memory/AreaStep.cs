using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Inference.Memory;

/// <summary>
/// How an mm_struct keeps its areas, and where each area begins and ends: a maple tree (since 6.1), whose root names the tree and whose ranges are the areas';
/// or a list in order of address (until 6.0).
/// </summary>
internal sealed class AreaStep : InferenceStep<MemoryMaps, ProcessAreas>
{
    private const int MaxAreaBytes = 512;
    private const int MaxAreas = 1 << 20;
    private const int MaxTreeBytes = 64;

    /// <inheritdoc/>
    public override string Subject => "the areas of processes";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["vm_area_struct.vm_start", "vm_area_struct.vm_end", "vm_area_struct.vm_mm"];

    /// <inheritdoc/>
    public override Part<ProcessAreas> Infer(InferenceContext context, MemoryMaps maps)
    {
        if ((Tree(context, maps) ?? List(context, maps)) is not ProcessAreas areas)
        {
            return Part.Absent("no pointer of mm_struct leads in every process to a maple tree of areas or to a list of them");
        }

        Dictionary<ulong, int> counts = areas.Of.ToDictionary(pair => pair.Key, pair => pair.Value.Count);
        List<int> mapCount = FieldSearch.HalfWords(context.Memory, maps.All, maps.Bytes, (map, value, _) => value == (ulong)counts[map]);
        if (mapCount.Count == 1 && counts.Values.Distinct().Skip(1).Any())
        {
            context.Book.Add("mm_struct", "map_count", mapCount[0], LayoutBook.Int, maps.All.Count, "counts exactly the areas of each mm");
        }
        else
        {
            context.Book.Refuse("mm_struct", "map_count", $"{mapCount.Count} offsets count the areas of each mm");
        }

        return areas;
    }

    private static ProcessAreas? Tree(InferenceContext context, MemoryMaps of)
    {
        KernelBytes memory = context.Memory;
        List<ulong> maps = of.All;
        ulong? distance = null;
        List<int> roots = FieldSearch.Words(memory, maps, of.Bytes, (map, value, offset) =>
            MapleNodes.TreeOf(memory, value) is ulong tree && tree >= map && map + (ulong)offset - tree < MaxTreeBytes
            && (distance ??= map + (ulong)offset - tree) == map + (ulong)offset - tree);
        if (roots.Count != 1)
        {
            return null;
        }

        int root = roots[0];
        Dictionary<ulong, List<ulong>> held = [];
        Dictionary<ulong, (ulong First, ulong Last)> ranges = [];
        foreach (ulong map in maps)
        {
            if (MapleNodes.Read(memory, context.Read(map, root)) is not { Count: > 0 } entries)
            {
                return null;
            }

            held[map] = [.. entries.Select(entry => entry.Entry)];
            entries.ForEach(entry => ranges[entry.Entry] = (entry.First, entry.Last));
        }

        Dictionary<ulong, ulong> owner = Owners(held);
        List<ulong> all = [.. ranges.Keys];
        int bytes = FieldSearch.LeastDistance(all, MaxAreaBytes);
        List<int> starts = FieldSearch.Words(memory, all, bytes, (area, value, _) => value == ranges[area].First);
        List<int> ends = FieldSearch.Words(memory, all, bytes, (area, value, _) => value == ranges[area].Last + 1);
        List<int> mm = FieldSearch.Words(memory, all, bytes, (area, value, _) => value == owner[area]);
        if (starts.Count != 1 || ends.Count != 1 || mm.Count != 1)
        {
            return null;
        }

        context.Book.Size("maple_node", MapleNodes.NodeBytes);
        context.Book.Size("maple_range_64", MapleNodes.NodeBytes);
        context.Book.Size("maple_arange_64", MapleNodes.NodeBytes - sizeof(ulong));
        const string Nodes = "the documented layout, by which every tree's pivots ascend and every area is the range that the tree gives for it";
        foreach ((string node, int slots, int slotsAt) in new[]
        {
            ("maple_range_64", MapleNodes.RangeSlots, MapleNodes.RangeSlotsAt), ("maple_arange_64", MapleNodes.AllocationSlots, MapleNodes.AllocationSlotsAt),
        })
        {
            context.Book.Add(node, "parent", 0, LayoutBook.Pointer, maps.Count, Nodes, InferenceConfidence.Confirmed);
            context.Book.Add(node, "pivot", MapleNodes.PivotsAt, new ArrayType(() => LayoutBook.UnsignedLong, (ulong)slots - 1), all.Count, Nodes,
                InferenceConfidence.Confirmed);
            context.Book.Add(node, "slot", slotsAt, new ArrayType(() => LayoutBook.Pointer, (ulong)slots), all.Count, Nodes, InferenceConfidence.Confirmed);
        }

        int at = root - (int)distance!.Value;
        context.Book.Add("maple_tree", "ma_root", (int)distance.Value, LayoutBook.Pointer, maps.Count, "leads to a node that names the tree as its parent");
        context.Book.Add("mm_struct", "mm_mt", at, context.Book.Struct("maple_tree"), maps.Count, "what the tree's root node names as its parent");
        context.Book.Add("vm_area_struct", "vm_start", starts[0], LayoutBook.UnsignedLong, all.Count, "the first index that the tree gives for the area");
        context.Book.Add("vm_area_struct", "vm_end", ends[0], LayoutBook.UnsignedLong, all.Count,
            "one more than the last index that the tree gives for the area");
        context.Book.Add("vm_area_struct", "vm_mm", mm[0], context.Book.PointerTo("mm_struct"), all.Count, "the mm whose tree holds the area");
        return new(of, held, bytes, starts[0], ends[0], mm[0]);
    }

    private static ProcessAreas? List(InferenceContext context, MemoryMaps of)
    {
        KernelBytes memory = context.Memory;
        List<ulong> maps = of.All;
        List<int> heads = FieldSearch.Words(memory, maps, of.Bytes, (_, value, _) => memory.IsDirect(value) && value % sizeof(ulong) == 0);
        List<Chain> found = [];
        foreach (int head in heads)
        {
            Dictionary<ulong, ulong> first = [];
            if (!maps.TrueForAll(map => first.TryAdd(context.Read(map, head), map)))
            {
                continue;
            }

            foreach (int mm in FieldSearch.Words(memory, [.. first.Keys], MaxAreaBytes, (area, value, _) => value == first[area]))
            {
                for (int next = 0; next < MaxAreaBytes; next += sizeof(ulong))
                {
                    if (next != mm && Follow(context, maps, head, mm, next) is Chain chain)
                    {
                        found.Add(chain);
                    }
                }
            }
        }

        if (found.Count != 1)
        {
            return null;
        }

        Chain areas = found[0];
        List<ulong> all = [.. areas.Of.Values.SelectMany(chain => chain)];
        Dictionary<ulong, ulong> after = [];
        foreach (List<ulong> chain in areas.Of.Values)
        {
            for (int i = 0; i + 1 < chain.Count; i++)
            {
                after[chain[i]] = chain[i + 1];
            }
        }

        // Both grow along the list and are aligned to pages; an area ends behind its start and not behind the next one's.
        int bytes = FieldSearch.LeastDistance(all, MaxAreaBytes);
        List<int> bounds = FieldSearch.Words(memory, all, bytes, (area, value, offset) =>
            value % PageFrame.Size == 0 && (long)value >= 0 && (!after.TryGetValue(area, out ulong next) || value < context.Read(next, offset)));
        (int Start, int End)[] pairs =
            [.. from start in bounds from end in bounds where all.TrueForAll(area => IsRange(context, area, start, end, after)) select (start, end)];
        if (pairs.Length != 1)
        {
            return null;
        }

        (int startAt, int endAt) = pairs[0];
        const string Linked = "a list from mm_struct.mmap on whose every member names this mm at vm_mm and is linked back at vm_prev";
        context.Book.Add("mm_struct", "mmap", areas.Head, context.Book.PointerTo("vm_area_struct"), maps.Count, Linked);
        context.Book.Add("vm_area_struct", "vm_next", areas.Next, context.Book.PointerTo("vm_area_struct"), all.Count, Linked);
        context.Book.Add("vm_area_struct", "vm_prev", areas.Previous, context.Book.PointerTo("vm_area_struct"), all.Count, Linked);
        context.Book.Add("vm_area_struct", "vm_mm", areas.Map, context.Book.PointerTo("mm_struct"), all.Count, Linked);
        const string Ordered = "page aligned, start before end, and no area begins before the one before it on the list ends";
        context.Book.Add("vm_area_struct", "vm_start", startAt, LayoutBook.UnsignedLong, all.Count, Ordered);
        context.Book.Add("vm_area_struct", "vm_end", endAt, LayoutBook.UnsignedLong, all.Count, Ordered);
        return new(of, areas.Of, bytes, startAt, endAt, areas.Map) { List = (areas.Head, areas.Next, areas.Previous) };
    }

    private static bool IsRange(InferenceContext context, ulong area, int start, int end, Dictionary<ulong, ulong> after)
    {
        ulong last = context.Read(area, end);
        return context.Read(area, start) < last && (!after.TryGetValue(area, out ulong next) || last <= context.Read(next, start));
    }

    private static Chain? Follow(InferenceContext context, List<ulong> maps, int head, int mm, int next)
    {
        Dictionary<ulong, List<ulong>> chains = [];
        foreach (ulong map in maps)
        {
            List<ulong> chain = [];
            for (ulong area = context.Read(map, head); area != 0; area = context.Read(area, next))
            {
                if (!context.Memory.IsDirect(area) || area % sizeof(ulong) != 0 || context.Read(area, mm) != map || chain.Count == MaxAreas
                    || (chain.Count > 0 && area == chain[0]))
                {
                    return null;
                }

                chain.Add(area);
            }

            chains[map] = chain;
        }

        Dictionary<ulong, ulong> before = [];
        foreach (List<ulong> chain in chains.Values)
        {
            for (int i = 0; i < chain.Count; i++)
            {
                if (!before.TryAdd(chain[i], i == 0 ? 0 : chain[i - 1]))
                {
                    return null;
                }
            }
        }

        List<int> previous = chains.Values.Any(chain => chain.Count > 1)
            ? FieldSearch.Words(context.Memory, [.. before.Keys], MaxAreaBytes, (area, value, _) => value == before[area])
            : [];

        // Areas lie one behind the other: what is further from one than the next begins is the next one's.
        int bytes = FieldSearch.LeastDistance(before.Keys, MaxAreaBytes);
        previous.RemoveAll(offset => offset >= bytes);
        return previous.Count == 1 && mm < bytes && next < bytes ? new(head, mm, next, previous[0], chains) : null;
    }

    private static Dictionary<ulong, ulong> Owners(Dictionary<ulong, List<ulong>> areasOf)
    {
        Dictionary<ulong, ulong> owner = [];
        foreach ((ulong map, List<ulong> areas) in areasOf)
        {
            areas.ForEach(area => owner[area] = map);
        }

        return owner;
    }

    private sealed record Chain(int Head, int Map, int Next, int Previous, Dictionary<ulong, List<ulong>> Of);
}
