using IommuSpy.Linux.Tracing;
using IommuSpy.Memory;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Watch;

/// <summary>A domain that is watched: its devices, what is mapped in it, and what happened since the last look.</summary>
internal sealed class WatchedDomain(IReadOnlyList<string> devices, IReadOnlyList<string> drivers, VirtualAddress? address, IoAddressSpace? space)
{
    private const double Second = 1e6;
    private readonly MappingSet _mapped = new();
    private long _maps;
    private long _unmaps;
    private ulong _corrected;

    internal IReadOnlyList<string> Devices => devices;

    internal void Map(ulong first, ulong length, long at)
    {
        _mapped.Add(first, length, at);
        _maps++;
    }

    internal void Unmap(ulong first, ulong length)
    {
        _mapped.Remove(first, length);
        _unmaps++;
    }

    /// <summary>Takes what the tables say; what was not there at the last look has been mapped meanwhile.</summary>
    /// <param name="since">When it was made that is new.</param>
    internal void Look(long since)
    {
        if (space is null)
        {
            return;
        }

        Leaves leaves = new([]);
        space.Visit(ref leaves);
        HashSet<(ulong, ulong)> now = [.. leaves.Found];
        foreach (MappingSet.Mapping gone in _mapped.All.Where(mapping => !now.Contains((mapping.Address, mapping.Length))).ToArray())
        {
            Unmap(gone.Address, gone.Length);
        }

        foreach ((ulong first, ulong length) in leaves.Found)
        {
            if (!_mapped.Holds(first, length))
            {
                Map(first, length, since);
            }
        }
    }

    /// <summary>Takes what the tables say, and counts no mapping of it. What is there as events told keeps its time.</summary>
    /// <param name="at">When the rest was made, of which they did not tell, as far as can be known.</param>
    /// <param name="collect">Takes the events from while the tables were read, which are followed later: they may tell of what differs.</param>
    internal void Correct(long at, Func<IEnumerable<MappingEvent>> collect)
    {
        if (space is null)
        {
            return;
        }

        Leaves leaves = new([]);
        space.Visit(ref leaves);
        MappingSet moving = new();
        foreach (MappingEvent one in collect())
        {
            _mapped.Remove(one.Address.Value, one.Length);
            moving.Add(one.Address.Value, one.Length, at);
        }

        ulong end = 0;
        foreach ((ulong first, ulong length) in leaves.Found)
        {
            if (first > end)
            {
                _corrected += _mapped.Remove(end, first - end);
            }

            end = Math.Max(end, first + length);
            if (!_mapped.Covers(first, length))
            {
                ulong before = _mapped.Bytes;
                _mapped.Add(first, length, at);
                ulong added = _mapped.Bytes - before;
                _corrected += added - Math.Min(added, moving.Remove(first, length));
            }
        }

        _corrected += _mapped.Remove(end, ulong.MaxValue - end);
    }

    /// <summary>Forgets what was counted, not what is mapped.</summary>
    internal void Reset()
    {
        _maps = 0;
        _unmaps = 0;
        _corrected = 0;
    }

    internal WatchRow Row(long began, long from, long to)
    {
        double seconds = Math.Max(to - from, 1) / Second;
        MappingSet.Mapping? oldest = _mapped.Oldest;
        bool isFromBefore = oldest?.Since == MappingSet.Before;
        return new(
            devices, drivers, address, _mapped.Bytes, _mapped.Count, _maps, _unmaps, Math.Round(_maps / seconds, 1), Math.Round(_unmaps / seconds, 1),
            oldest is MappingSet.Mapping mapping ? (to - (isFromBefore ? began : mapping.Since)) / Second : null,
            isFromBefore,
            oldest is MappingSet.Mapping there ? new(there.Address) : null,
            _corrected);
    }

    private readonly struct Leaves(List<(ulong, ulong)> found) : IIoLeafVisitor
    {
        internal List<(ulong First, ulong Length)> Found => found;

        public void Leaf(in IoLeaf leaf) => found.Add((leaf.Address.Value, leaf.Length));
    }
}
