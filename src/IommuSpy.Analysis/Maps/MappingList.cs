using IommuSpy.Linux.Layout;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Maps;

/// <summary>The page tables of a space as a list of what they map.</summary>
public static class MappingList
{
    /// <summary>Hands each mapping to <paramref name="receive"/>, in address order, as it is found: a space has millions.</summary>
    public static WalkSummary Visit(Machine machine, MapsQuery query, Action<Mapping> receive) => Visit(machine, query, (mapping, _) => receive(mapping));

    /// <summary>The same, with aliases joined: see <see cref="MappingSeries"/>. At least three of them make a series.</summary>
    public static WalkSummary VisitSeries(Machine machine, MapsQuery query, Action<MappingSeries> receive)
    {
        AliasFolder? folder = null;
        string? region = null;
        WalkSummary summary = Visit(machine, query, (mapping, runs) =>
        {
            if (mapping.Region != region)
            {
                folder?.Finish();
                folder = new(receive);
                region = mapping.Region;
            }

            folder!.Add(mapping, runs);
        });
        folder?.Finish();
        return summary;
    }

    private static WalkSummary Visit(Machine machine, MapsQuery query, Action<Mapping, List<PhysicalAddress>> receive)
    {
        AddressSpace space = machine.Space(query.Root);
        ulong last = query.Last?.Value ?? ulong.MaxValue;

        // The walk counts addresses without their sign: each half of the space is a walk of its own.
        ulong lowerEnd = space.LastUserAddress.Value;
        ulong upperStart = space.FirstKernelAddress.Value;
        Merger merger = new(machine.Parts.Layout, query, receive);
        WalkSummary summary = default;
        if (query.First.Value <= lowerEnd)
        {
            summary = machine.Parts.UserSpace(query.Root).Visit(query.First, new(Math.Min(last, lowerEnd)), ref merger);
        }

        if (last >= upperStart)
        {
            summary += space.Visit(new(Math.Max(query.First.Value, upperStart)), new(last), ref merger);
        }

        merger.Finish();
        return summary;
    }

    /// <summary>Merges neighbours that differ in nothing but where they are in physical memory.</summary>
    private struct Merger(KernelLayout layout, MapsQuery query, Action<Mapping, List<PhysicalAddress>> receive) : ICpuLeafVisitor
    {
        // Where the current mapping's runs of physical memory begin, as many of them as aliases are compared by.
        private readonly List<PhysicalAddress> _runs = [];

        private Mapping _current;
        private LayoutRegion? _region;

        public void Leaf<TFormat>(in CpuLeaf<TFormat> leaf)
            where TFormat : struct, ITableFormat
        {
            AccessRights rights = leaf.Rights;
            if ((rights & query.Rights) != query.Rights)
            {
                return;
            }

            ulong size = leaf.Bytes;
            VirtualAddress from = leaf.Address;
            PhysicalAddress physical = leaf.Physical;
            if (_region is null || !_region.Contains(from))
            {
                Finish();
                _region = layout.RegionOf(from);
            }

            if (!query.SingleLeaves && _current.Length > 0 && _current.Virtual.Value + _current.Length == from.Value
                && _current.PageSize == size && _current.Rights == rights)
            {
                bool follows = _lastPhysicalEnd == physical.Value;
                _current = _current with { Length = _current.Length + size, PhysicalRuns = _current.PhysicalRuns + (follows ? 0 : 1) };
                if (!follows && _runs.Count < AliasFolder.MaxRuns)
                {
                    _runs.Add(physical);
                }
            }
            else
            {
                Finish();
                _current = new(from, size, physical, 1, size, leaf.Entry, rights, _region.Name);
                _runs.Add(physical);
            }

            _lastPhysicalEnd = physical.Value + size;
        }

        public void Finish()
        {
            if (_current.Length > 0)
            {
                receive(_current, _runs);
                _current = default;
                _runs.Clear();
            }
        }

        private ulong _lastPhysicalEnd;
    }
}
