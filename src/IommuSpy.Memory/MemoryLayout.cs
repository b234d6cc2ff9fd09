using IommuSpy.Memory.Placement;

namespace IommuSpy.Memory;

/// <summary>One way to read a file as physical memory.</summary>
/// <param name="Memory">The memory, read so.</param>
/// <param name="Description">The way, in words: "RAM split at 0x80000000, the rest from 4 GiB".</param>
public sealed record MemoryLayout(PhysicalMemory Memory, string Description)
{
    private IReadOnlyList<PlacedRun> Runs { get; init; } = [];

    /// <summary>What of the image's RAM this layout leaves out, since nothing that was looked at says where it belongs: "dimm0 (128 MiB)".</summary>
    public IReadOnlyList<string> Unplaced => [.. Runs.Where(run => run.Start is null).Select(run => run.Described)];

    /// <summary>A layout of blocks that may stand anywhere.</summary>
    /// <param name="runs">The blocks' parts, each in one place.</param>
    /// <param name="lostBytes">Bytes of them that the image should have and has not.</param>
    /// <param name="description">In words; made of the runs where it is null.</param>
    internal static MemoryLayout Of(IReadOnlyList<PlacedRun> runs, ulong lostBytes = 0, string? description = null)
    {
        PlacedRun[] placed = [.. runs.Where(run => run.Start is not null).OrderBy(run => run.Start!.Value)];
        PhysicalMemory memory = new(placed.Select(run => run.Block.SegmentAt(run.Start!.Value, run.Offset, run.Length)))
        {
            FindDataRanges = () => [.. placed.SelectMany(run => run.Data())],
            LostBytes = lostBytes,
        };
        return new(memory, description ?? Described(runs)) { Runs = runs };
    }

    /// <summary>Runs in words: "node0 at 0x0, node1 at 0x18000000, node1 from its byte 0x8000000 on at 0x100000000".</summary>
    internal static string Described(IEnumerable<PlacedRun> runs) => string.Join(", ", runs
        .Where(run => run.Start is not null)
        .OrderBy(run => run.Start!.Value)
        .Select(run => $"{run.Block.Name}{(run.Offset == 0 ? "" : $" from its byte 0x{run.Offset:x} on")} at 0x{run.Start!.Value.Value:x}"));

    /// <summary>
    /// This layout with what it leaves out standing where the kernel says that it has memory of just that size, in the order of addresses; null where sizes do
    /// not tell which is where. Two of one size are told apart by nothing and are not placed, unless one follows the other in one file.
    /// </summary>
    /// <param name="ranges">The machine's memory by the kernel: also what is placed already.</param>
    public MemoryLayout? Placing(IReadOnlyList<PhysicalRange> ranges)
    {
        List<PhysicalRange> free =
        [
            .. ranges.Where(range => !Memory.Ranges.Any(held => held.Start.CompareTo(range.Last) <= 0 && range.Start.CompareTo(held.Last) <= 0)),
        ];
        List<PlacedRun> runs = [];
        bool any = false;
        foreach (PlacedRun run in Runs)
        {
            if (run.Start is not null)
            {
                runs.Add(run);
                continue;
            }

            bool isOnlyOne = Runs.Count(other => other.Start is null && other.Length == run.Length) == 1;
            if (isOnlyOne && free.Where(range => range.Length == run.Length).ToArray() is [PhysicalRange its])
            {
                runs.Add(run with { Start = its.Start });
                any = true;
            }
            else if (Runs.Count(other => other.Start is null) == 1 && free.Aggregate(0UL, (sum, range) => sum + range.Length) == run.Length)
            {
                ulong offset = run.Offset;
                foreach (PhysicalRange range in free.OrderBy(range => range.Start))
                {
                    runs.Add(new(run.Block, offset, range.Length, range.Start));
                    offset += range.Length;
                }

                any = true;
            }
            else
            {
                runs.Add(run);
            }
        }

        return any && BlockPlacement.AreApart(runs) ? Of(runs, Memory.LostBytes) : null;
    }
}
