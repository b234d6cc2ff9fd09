namespace IommuSpy.Memory.Formats.Elf;

/// <summary>
/// How QEMU stores memory in an ELF core (dump/dump.c, dump_iterate and get_offset_range): every block of RAM whole, one behind the other by ascending address.
/// With paging, headers are the mappings of the page tables, and each points into the block where it begins; of one that goes on into the next block, p_filesz
/// ends with the first.
/// </summary>
/// <remarks>
/// So two runs at the same distance from file to memory have nothing but memory between them, at that distance too: a hole would take addresses and no bytes of
/// the file, and what comes behind it would stand at another distance.
/// </remarks>
internal static class QemuBlocks
{
    /// <summary>The runs together with what stands between them; the runs themselves where they are not in the order that QEMU writes.</summary>
    /// <param name="runs">What program headers point at, in any order, with overlaps.</param>
    internal static List<StoredRun> Filled(IReadOnlyList<StoredRun> runs)
    {
        List<StoredRun> blocks = [];
        foreach (StoredRun run in runs.OrderBy(run => run.Offset).ThenBy(run => run.Start))
        {
            if (blocks.Count > 0 && blocks[^1] is StoredRun block && Distance(block) == Distance(run))
            {
                blocks[^1] = block with { Length = Math.Max(block.Length, run.Offset - block.Offset + run.Length) };
            }
            else if (blocks.Count > 0 && (run.Offset < End(blocks[^1]) || run.Start < blocks[^1].Start + blocks[^1].Length))
            {
                return [.. runs];
            }
            else
            {
                blocks.Add(run);
            }
        }

        return blocks;
    }

    /// <summary>Bytes of the file behind the first run's beginning that no run holds.</summary>
    internal static ulong BytesOutside(IEnumerable<StoredRun> runs, ulong fileBytes)
    {
        ulong outside = 0;
        ulong end = 0;
        foreach (StoredRun run in runs.OrderBy(run => run.Offset))
        {
            outside += end != 0 && run.Offset > end ? run.Offset - end : 0;
            end = Math.Max(end, End(run));
        }

        return outside + (fileBytes > end ? fileBytes - end : 0);
    }

    private static ulong Distance(StoredRun run) => unchecked(run.Offset - run.Start);

    private static ulong End(StoredRun run) => run.Offset + run.Length;
}
