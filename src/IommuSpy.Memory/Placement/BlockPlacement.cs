using System.Text;

namespace IommuSpy.Memory.Placement;

/// <summary>
/// Finds where a machine's blocks of RAM stand: nodes one behind the other where firmware's map has RAM, in the order that their own pointers tell, and memory
/// that was plugged in later where its pointers put it. What neither places stays unplaced, for the kernel's own list of memory.
/// </summary>
internal sealed class BlockPlacement
{
    private const ulong FourGiB = 1UL << 32;

    // Of every direct map's beginning, with KASLR and without (arch/x86/mm/kaslr.c).
    private const ulong BaseAlignment = 1UL << 30;

    // Beyond, pointers are none of the direct map's: of vmalloc space, or to struct pages.
    private const ulong MostReach = 8UL << 40;

    // Those of nested guests and of boots before are among them.
    private const int MostMaps = 64;
    private const int MostDifferent = 8;
    private const int MostInSums = 12;

    private readonly IReadOnlyList<MemoryBlock> _blocks;
    private readonly Lazy<List<FirmwareMap>> _maps;

    /// <summary>Looks at all blocks of a machine.</summary>
    /// <param name="blocks">In the order that the user or the format gives them.</param>
    internal BlockPlacement(IReadOnlyList<MemoryBlock> blocks)
    {
        _blocks = blocks;
        _maps = new(Maps);
    }

    private ulong Bytes => _blocks.Aggregate(0UL, (sum, block) => sum + block.Length);

    /// <summary>Sorts blocks by their names as people number them: node2 before node10.</summary>
    internal static IEnumerable<T> InOrderOfNames<T>(IEnumerable<T> blocks, Func<T, string> name) =>
        blocks.OrderBy(block => WithPaddedNumbers(name(block)), StringComparer.Ordinal);

    /// <summary>One block's or one file's RAM by firmware's map, where that accounts for all of it; null where it does not, or there is none.</summary>
    internal IReadOnlyList<PlacedRun>? ByFirmwareMap() => _maps.Value
        .Select(map => map.Places(Bytes) is { } ranges ? Fill(_blocks, ranges) : null)
        .FirstOrDefault(runs => runs is not null);

    /// <summary>The same by a device tree; null where none that is found accounts for all of it.</summary>
    internal IReadOnlyList<PlacedRun>? ByDeviceTree() => DeviceTreeSearch.In(_blocks)
        .Select(ranges => ranges.Aggregate(0UL, (sum, range) => sum + range.Length) == Bytes ? Fill(_blocks, ranges) : null)
        .FirstOrDefault(runs => runs is not null);

    /// <summary>All blocks, one behind the other, from an address on.</summary>
    internal IReadOnlyList<PlacedRun> From(ulong start) => Fill(_blocks, [new(new(start), Bytes)]);

    /// <summary>All blocks, one behind the other, up to an address below 4 GiB and from there on.</summary>
    internal IReadOnlyList<PlacedRun> SplitAt(ulong split) =>
        Fill(_blocks, split == 0 || split >= Bytes ? [new(new(0), Bytes)] : [new(new(0), split), new(new(FourGiB), Bytes - split)]);

    /// <summary>
    /// The RAM that firmware knew of, and what is behind it in the order given as memory that is yet to be placed; null where the map has more than there is.
    /// </summary>
    internal IReadOnlyList<PlacedRun>? WithRestUnplaced() => _maps.Value
        .Select(map => map.AllPlaces.Aggregate(0UL, (sum, range) => sum + range.Length) < Bytes ? Fill(_blocks, map.AllPlaces) : null)
        .FirstOrDefault(runs => runs is not null);

    /// <summary>Several blocks, likeliest first: as their own pointers tell, then in the order given. Empty where firmware's map fits no order.</summary>
    internal IEnumerable<IReadOnlyList<PlacedRun>> OfSeveral()
    {
        if (ByPointers() is { } found)
        {
            yield return found;
        }

        foreach (FirmwareMap map in _maps.Value)
        {
            if (NodesFirst(_blocks, map) is (int nodes, IReadOnlyList<PhysicalRange> ranges))
            {
                yield return [.. Fill([.. _blocks.Take(nodes)], ranges), .. _blocks.Skip(nodes).Select(Unplaced)];
            }
        }
    }

    /// <summary>What firmware's map says, for a message; null where none is found.</summary>
    internal string? MapInWords => _maps.Value.FirstOrDefault()?.ToString();

    // The search ends with the first map that accounts for what there is, be it a copy with the hole in it.
    private List<FirmwareMap> Maps()
    {
        List<FirmwareMap> maps = [];
        foreach (FirmwareMap map in FirmwareMapSearch.In(_blocks).Take(MostMaps))
        {
            maps.RemoveAll(other => string.Equals(other.ToString(), map.ToString(), StringComparison.Ordinal));
            maps.Add(map);
            if (map.AllPlaces[^1] is var last && last.Start.Value + last.Length == Bytes || FitsSome(map) || maps.Count == MostDifferent)
            {
                break;
            }
        }

        return maps;
    }

    // Whether some of the blocks, or all, are the RAM that a map tells of.
    private bool FitsSome(FirmwareMap map)
    {
        int blocks = Math.Min(_blocks.Count, MostInSums);
        for (int chosen = 1; chosen < 1 << blocks; chosen++)
        {
            ulong bytes = 0;
            for (int i = 0; i < blocks; i++)
            {
                bytes += (chosen & (1 << i)) != 0 ? _blocks[i].Length : 0;
            }

            if (map.Places(bytes) is not null)
            {
                return true;
            }
        }

        return false;
    }

    private List<PlacedRun>? ByPointers()
    {
        Dictionary<MemoryBlock, IReadOnlyList<(ulong Distance, int Count)>> votes = _blocks.ToDictionary(block => block, SelfPointers.In);
        (int Votes, List<PlacedRun>? Runs) best = (0, null);
        foreach (ulong directMap in votes.Values.SelectMany(of => of.Select(vote => vote.Distance)).Where(distance => distance % BaseAlignment == 0).Distinct())
        {
            List<(MemoryBlock Block, ulong Address)> voted = [.. _blocks
                .Where(block => Address(block) is not null)
                .Select(block => (block, Address(block)!.Value))
                .OrderBy(placed => placed.Value)];
            foreach (FirmwareMap map in _maps.Value)
            {
                if (NodesFirst([.. voted.Select(placed => placed.Block)], map) is not (int nodes, IReadOnlyList<PhysicalRange> ranges))
                {
                    continue;
                }

                List<PlacedRun> runs = Fill([.. voted.Take(nodes).Select(placed => placed.Block)], ranges);
                int agreeing = runs.Sum(run => Agreeing(run, directMap));
                bool everyNode = voted.Take(nodes).All(node => runs.Where(run => run.Block == node.Block).Sum(run => Agreeing(run, directMap)) > 0);
                runs.AddRange(voted.Skip(nodes).Select(placed => new PlacedRun(placed.Block, 0, placed.Block.Length, new(placed.Address))));
                runs.AddRange(_blocks.Where(block => Address(block) is null).Select(Unplaced));
                if (everyNode && agreeing > best.Votes && AreApart(runs))
                {
                    best = (agreeing, runs);
                }
            }

            // The block's beginning by its strongest vote in the direct map's reach; a block around the hole has two.
            ulong? Address(MemoryBlock block) =>
                votes[block].Where(vote => vote.Distance - directMap < MostReach).Select(vote => (ulong?)(vote.Distance - directMap)).FirstOrDefault();
        }

        return best.Runs;

        int Agreeing(PlacedRun run, ulong directMap) =>
            votes[run.Block].Where(vote => run.Start is PhysicalAddress start && vote.Distance == directMap + start.Value - run.Offset).Sum(vote => vote.Count);
    }

    // How many blocks, from the first on, are the RAM that firmware knew of.
    private static (int Nodes, IReadOnlyList<PhysicalRange> Ranges)? NodesFirst(IReadOnlyList<MemoryBlock> blocks, FirmwareMap map)
    {
        ulong bytes = 0;
        for (int i = 0; i < blocks.Count; i++)
        {
            bytes += blocks[i].Length;
            if (map.Places(bytes) is { } ranges)
            {
                return (i + 1, ranges);
            }
        }

        return null;
    }

    /// <summary>Fills ranges with blocks, both in order. What no range is left for is not placed.</summary>
    internal static List<PlacedRun> Fill(IReadOnlyList<MemoryBlock> blocks, IReadOnlyList<PhysicalRange> ranges)
    {
        List<PlacedRun> runs = [];
        int range = 0;
        ulong used = 0;
        foreach (MemoryBlock block in blocks)
        {
            for (ulong offset = 0; offset < block.Length;)
            {
                if (range == ranges.Count)
                {
                    runs.Add(new(block, offset, block.Length - offset, null));
                    break;
                }

                ulong length = Math.Min(block.Length - offset, ranges[range].Length - used);
                runs.Add(new(block, offset, length, ranges[range].Start + used));
                offset += length;
                used += length;
                (range, used) = used == ranges[range].Length ? (range + 1, 0) : (range, used);
            }
        }

        return runs;
    }

    /// <summary>Whether no two runs have an address in common.</summary>
    internal static bool AreApart(IEnumerable<PlacedRun> runs)
    {
        ulong end = 0;
        foreach (PlacedRun run in runs.Where(run => run.Start is not null).OrderBy(run => run.Start!.Value))
        {
            if (run.Start!.Value.Value < end)
            {
                return false;
            }

            end = run.Start.Value.Value + run.Length;
        }

        return true;
    }

    private static PlacedRun Unplaced(MemoryBlock block) => new(block, 0, block.Length, null);

    private static string WithPaddedNumbers(string name)
    {
        const int Digits = 20;
        StringBuilder padded = new();
        for (int i = 0, length; i < name.Length; i += length)
        {
            length = 1;
            while (char.IsAsciiDigit(name[i]) && i + length < name.Length && char.IsAsciiDigit(name[i + length]))
            {
                length++;
            }

            padded.Append(char.IsAsciiDigit(name[i]) ? name.Substring(i, length).PadLeft(Digits, '0') : name.Substring(i, length));
        }

        return padded.ToString();
    }
}
