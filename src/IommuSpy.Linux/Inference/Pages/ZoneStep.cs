using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Inference.Pages;

/// <summary>
/// struct pglist_data and struct zone: the symbols node_data or contig_page_data lead to nodes, which begin with their zones; each zone names itself, and what
/// its zones span and have is what its node says that it spans and has.
/// </summary>
internal sealed class ZoneStep : InferenceStep<NodeZones>
{
    private const int MaxNodes = 64; // further ones are not looked at
    private const uint MostNodes = 1024; // MAX_NUMNODES
    private const int MaxZones = 6;
    private const int MaxZoneBytes = 8192;
    private const int MaxNodeBytes = 512 << 10; // with lists of all zones of as many nodes as there may be
    private const ulong MostFrames = 1UL << 40;
    private const ulong DmaEnd = 1UL << 12;
    private const ulong Dma32End = 1UL << 20;

    // zone_names (mm/page_alloc.c), in the order of enum zone_type.
    private static readonly string[] Names = ["DMA", "DMA32", "Normal", "HighMem", "Movable", "Device"];

    // zone_start_pfn, and behind it in the order of the release what it has; name behind them. managed_pages came with 3.9 and moved with 3.17.
    private const int RunBytes = 32;
    private static readonly ZoneOrder Since317 = new(ManagedAt: 8, SpannedAt: 16, PresentAt: 24);
    private static readonly ZoneOrder Until316 = new(ManagedAt: 24, SpannedAt: 8, PresentAt: 16);

    // struct pglist_data, in every release: node_start_pfn, node_present_pages, node_spanned_pages, node_id; nr_zones and at most a lock before them.
    private const int NodePresentAt = 8;
    private const int NodeSpannedAt = 16;
    private const int NodeIdAt = 24;

    /// <inheritdoc/>
    public override string Subject => "the zones of memory";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["pglist_data.node_zones", "zone.zone_start_pfn"];

    /// <inheritdoc/>
    public override Part<NodeZones> Infer(InferenceContext context)
    {
        ulong[] nodes = Nodes(context);
        if (nodes.Length == 0)
        {
            return Part.Absent("no symbol node_data or contig_page_data leads to nodes");
        }

        if (Shape(context, nodes[0]) is not { } shape || !Array.TrueForAll(nodes, node => IsNamed(context, node, shape)))
        {
            return Part.Absent("nodes do not begin with zones at equal distances that lead to the names of zones, in order");
        }

        List<ZonePlace> found = [];
        for (int run = 0; run + RunBytes <= shape.NameAt; run += sizeof(ulong))
        {
            foreach (ZoneOrder order in (ZoneOrder[])[Since317, Until316])
            {
                found.AddRange(Totals(context, nodes, shape, run, order).Select(totals => new ZonePlace(run, order, totals)));
            }
        }

        // The kernel's own note is a witness; where each zone has as many pages as it spans, only that and the release tell the order.
        ZonePlace[] agreeing = [.. found.Where(place => Contradiction(context, place) is null)];
        bool byRelease = agreeing.Length == 2 && agreeing[0].StartAt == agreeing[1].StartAt && agreeing[0].TotalsAt == agreeing[1].TotalsAt;
        if (byRelease)
        {
            ZoneOrder its = context.IsSince(3, 17) ? Since317 : Until316;
            agreeing = [.. agreeing.Where(place => place.Order == its)];
        }

        if (agreeing.Length != 1)
        {
            return Part.Absent(agreeing.Length == 0 && found.Count > 0 ? Contradiction(context, found[0])!
                : $"{agreeing.Length} ways to see zones that span what their nodes say");
        }

        return new NodeZones(Add(context, nodes, shape, agreeing[0], byRelease), shape.ZoneBytes, shape.NameAt);
    }

    private static string? Contradiction(InferenceContext context, ZonePlace place) => context.Contradiction(
        ("pglist_data.node_zones", 0), ("pglist_data.node_start_pfn", place.TotalsAt),
        ("pglist_data.node_spanned_pages", place.TotalsAt + NodeSpannedAt), ("pglist_data.node_id", place.TotalsAt + NodeIdAt),
        ("zone.spanned_pages", place.StartAt + place.Order.SpannedAt));

    private static ulong[] Nodes(InferenceContext context)
    {
        if (context.SymbolAddress("contig_page_data") is ulong only)
        {
            return [only];
        }

        if (context.SymbolAddress("node_data") is not ulong array)
        {
            return [];
        }

        uint count = context.SymbolAddress("nr_node_ids") is ulong variable ? (uint)context.Memory.WordOrZero(variable) : 1;
        ulong[] nodes =
            [.. Enumerable.Range(0, (int)Math.Clamp(count, 1, MaxNodes)).Select(i => context.Memory.WordOrZero(array + ((ulong)i * sizeof(ulong))))
                .Where(node => node != 0)];
        return Array.TrueForAll(nodes, context.Memory.IsPointer) ? nodes : [];
    }

    // The names of a node's zones are its first pointers to such text.
    private static NodeShape? Shape(InferenceContext context, ulong node)
    {
        List<(int At, string Name)> names = [];
        for (int at = 0; at < MaxZoneBytes * MaxZones && names.Count < MaxZones && (names.Count == 0 || at - names[^1].At <= MaxZoneBytes); at += sizeof(ulong))
        {
            if (NameAt(context, node + (ulong)at) is string name)
            {
                names.Add((at, name));
            }
        }

        int bytes = names.Count < 2 ? MaxZoneBytes : names[1].At - names[0].At;
        bool evenly = names.Count > 0 && names[0].At < bytes && names.Index().All(pair => pair.Item.At == names[0].At + (pair.Index * bytes));
        bool ascending = names.Zip(names.Skip(1)).All(pair => Array.IndexOf(Names, pair.First.Name) < Array.IndexOf(Names, pair.Second.Name));
        return evenly && ascending ? new(names[0].At, bytes, [.. names.Select(pair => pair.Name)]) : null;
    }

    private static bool IsNamed(InferenceContext context, ulong node, NodeShape shape) =>
        shape.Names.Index().All(pair => NameAt(context, node + (ulong)(shape.NameAt + (pair.Index * shape.ZoneBytes))) == pair.Item);

    private static string? NameAt(InferenceContext context, ulong at) =>
        context.Memory.WordOrZero(at) is ulong text && KernelBytes.LooksLikeAddress(text) && context.Text(text) is string name && Names.Contains(name) ? name
            : null;

    // Where each node holds the first frame, the sum of present frames, and the sum of spanned frames of its zones.
    private static IEnumerable<int> Totals(InferenceContext context, ulong[] nodes, NodeShape shape, int run, ZoneOrder order)
    {
        List<(ulong Node, ulong Start, ulong Present, ulong Spanned)> sums = [];
        foreach (ulong node in nodes)
        {
            if (Sum(context, node, shape, run, order) is not { } sum)
            {
                return [];
            }

            sums.Add((node, sum.Start, sum.Present, sum.Spanned));
        }

        sums.RemoveAll(sum => sum.Present == 0);
        int first = shape.Names.Length * shape.ZoneBytes;
        return sums.Count == 0 ? [] : Enumerable.Range(0, (MaxNodeBytes - first - RunBytes) / sizeof(ulong)).Select(i => first + (i * sizeof(ulong)))
            .Where(at => sums.TrueForAll(sum => context.Read(sum.Node, at + NodePresentAt) == sum.Present && context.Read(sum.Node, at) == sum.Start
                && context.Read(sum.Node, at + NodeSpannedAt) == sum.Spanned && (uint)context.Read(sum.Node, at + NodeIdAt) < MostNodes));
    }

    private static (ulong Start, ulong Present, ulong Spanned)? Sum(InferenceContext context, ulong node, NodeShape shape, int run, ZoneOrder order)
    {
        ulong first = 0;
        ulong end = 0;
        ulong present = 0;
        ulong spanned = 0;
        for (int i = 0; i < shape.Names.Length; i++)
        {
            int at = (i * shape.ZoneBytes) + run;
            ulong start = context.Read(node, at);
            ulong managed = context.Read(node, at + order.ManagedAt);
            ulong span = context.Read(node, at + order.SpannedAt);
            ulong its = context.Read(node, at + order.PresentAt);
            if (span == 0 && its == 0 && managed == 0)
            {
                continue;
            }

            (ulong least, ulong most) = Bounds(shape.Names, i);
            if (span > MostFrames || start > MostFrames || managed > its || its > span || start < Math.Max(end, least) || start + span > most)
            {
                return null;
            }

            first = spanned == 0 ? start : first;
            end = start + span;
            present += its;
            spanned += span;
        }

        return (first, present, spanned);
    }

    private static (ulong Least, ulong Most) Bounds(string[] names, int zone) => names[zone] switch
    {
        "DMA" => (0, DmaEnd),
        "DMA32" => (names.Contains("DMA") ? DmaEnd : 0, Dma32End),
        "Normal" when names.Contains("DMA32") => (Dma32End, MostFrames),
        _ => (0, MostFrames),
    };

    private static List<(ulong Address, PageFrame Start, ulong Spanned)> Add(
        InferenceContext context, ulong[] nodes, NodeShape shape, ZonePlace place, bool byRelease)
    {
        (int run, ZoneOrder order, int totals) = place;
        List<(ulong Address, PageFrame Start, ulong Spanned)> zones = [];
        for (int i = 0; i < nodes.Length; i++)
        {
            for (int zone = 0; zone < shape.Names.Length; zone++)
            {
                int at = zone * shape.ZoneBytes;
                if (context.Read(nodes[i], at + run + order.SpannedAt) != 0)
                {
                    zones.Add((nodes[i] + (ulong)at, new(context.Read(nodes[i], at + run)), context.Read(nodes[i], at + run + order.SpannedAt)));
                }
            }
        }

        const string Whole = "as zones of a node ascend, and as what they have and span is in sum what their node says of itself; managed is no more than "
            + "present, present no more than spanned";
        InferenceConfidence confidence = byRelease ? InferenceConfidence.DeclarationOrder : InferenceConfidence.Unique;
        int count = nodes.Length * shape.Names.Length;
        LayoutBook book = context.Book;
        book.Size("zone", (ulong)shape.ZoneBytes);
        book.Add("zone", "zone_start_pfn", run, LayoutBook.UnsignedLong, zones.Count, Whole);
        book.Add("zone", "managed_pages", run + order.ManagedAt, LayoutBook.UnsignedLong, zones.Count, Whole, confidence);
        book.Add("zone", "spanned_pages", run + order.SpannedAt, LayoutBook.UnsignedLong, zones.Count, Whole, confidence);
        book.Add("zone", "present_pages", run + order.PresentAt, LayoutBook.UnsignedLong, zones.Count, Whole, confidence);
        book.Add("zone", "name", shape.NameAt, LayoutBook.Text, count, $"leads to {string.Join(", ", shape.Names)}, in order and at equal distances");
        book.Add("pglist_data", "node_zones", 0, new ArrayType(() => book.Struct("zone"), (ulong)shape.Names.Length), nodes.Length,
            "a node begins with its zones, in every release", InferenceConfidence.Confirmed);
        book.Add("pglist_data", "node_start_pfn", totals, LayoutBook.UnsignedLong, nodes.Length, "the first zone's first page frame");
        book.Add("pglist_data", "node_present_pages", totals + NodePresentAt, LayoutBook.UnsignedLong, nodes.Length, "the sum of what its zones have");
        book.Add("pglist_data", "node_spanned_pages", totals + NodeSpannedAt, LayoutBook.UnsignedLong, nodes.Length, "the sum of what its zones span");
        book.Add("pglist_data", "node_id", totals + NodeIdAt, LayoutBook.Int, nodes.Length,
            "declared behind node_spanned_pages in every release, and a node's number", InferenceConfidence.DeclarationOrder);
        return zones;
    }

    // Where a zone keeps its numbers, behind zone_start_pfn.
    private sealed record ZoneOrder(int ManagedAt, int SpannedAt, int PresentAt);

    // Where zones begin their numbers, in which order, and where nodes have the sums.
    private sealed record ZonePlace(int StartAt, ZoneOrder Order, int TotalsAt);

    // Where a zone's name is, how far zones are apart, and their names.
    private sealed record NodeShape(int NameAt, int ZoneBytes, string[] Names);
}
