using IommuSpy.Memory;

namespace IommuSpy.Analysis.Maps;

/// <summary>
/// Joins mappings of the same physical memory that follow each other at a constant distance into series. Several series may run through each other: with more
/// than 64 CPUs the kernel has several pages of espfix stacks, and repeats them in turn (arch/x86/kernel/espfix_64.c).
/// </summary>
/// <param name="receive">Told of each series, in order of its first address.</param>
internal sealed class AliasFolder(Action<MappingSeries> receive)
{
    /// <summary>A mapping in more runs of physical memory than this is never an alias: it bounds what is kept.</summary>
    public const int MaxRuns = 64;

    // Two mappings always have a constant distance, so that they say nothing of a series.
    private const long FewestAliases = 3;

    // So many series may run through each other.
    private const int MaxOpen = 16;

    // In order of their first addresses.
    private readonly List<Series> _open = [];

    /// <summary>Takes the next mapping, in order of address.</summary>
    /// <param name="mapping">The mapping.</param>
    /// <param name="runs">Where each of its runs of physical memory begins; may end after <see cref="MaxRuns"/> of them.</param>
    public void Add(in Mapping mapping, List<PhysicalAddress> runs)
    {
        foreach (Series series in _open)
        {
            if (series.Takes(mapping, runs))
            {
                series.Last = mapping;
                series.Count++;
                return;
            }
        }

        if (_open.Count == MaxOpen)
        {
            HandOver();
        }

        _open.Add(new(mapping, mapping.PhysicalRuns <= MaxRuns ? [.. runs] : []));
    }

    /// <summary>Hands over what is still kept.</summary>
    public void Finish()
    {
        while (_open.Count > 0)
        {
            HandOver();
        }
    }

    private void HandOver()
    {
        Series first = _open[0];
        _open.RemoveAt(0);
        if (first.Count >= FewestAliases)
        {
            receive(new(first.First, first.Count, first.Stride));
            return;
        }

        receive(new(first.First, 1, 0));
        if (first.Count > 1)
        {
            int at = _open.FindIndex(series => series.First.Virtual.Value > first.Last.Virtual.Value);
            _open.Insert(at < 0 ? _open.Count : at, new(first.Last, first.Runs));
        }
    }

    private sealed class Series(Mapping first, PhysicalAddress[] runs)
    {
        public Mapping First { get; } = first;

        public PhysicalAddress[] Runs { get; } = runs;

        public Mapping Last { get; set; } = first;

        public long Count { get; set; } = 1;

        public ulong Stride => Count > 1 ? (Last.Virtual.Value - First.Virtual.Value) / (ulong)(Count - 1) : 0;

        public bool Takes(in Mapping next, List<PhysicalAddress> runs) =>
            next.Physical == First.Physical && next.Length == First.Length && next.PageSize == First.PageSize && next.Rights == First.Rights
            && next.PhysicalRuns == First.PhysicalRuns && next.PhysicalRuns <= MaxRuns
            && (Count == 1 || next.Virtual.Value - Last.Virtual.Value == Stride) && runs.SequenceEqual(Runs);
    }
}
