namespace IommuSpy.Memory.Formats.Elf;

/// <summary>A run of memory and where a file stores it.</summary>
/// <param name="Start">Physical address of the first byte.</param>
/// <param name="Offset">File offset of the first byte.</param>
/// <param name="Length">Bytes; neither end passes 2^64.</param>
internal readonly record struct StoredRun(ulong Start, ulong Offset, ulong Length)
{
    /// <summary>The runs cut so that no address is in two: of bytes that several hold, the run that starts first keeps them.</summary>
    internal static List<StoredRun> Disjoint(IEnumerable<StoredRun> runs)
    {
        List<StoredRun> disjoint = [];
        ulong next = 0;
        foreach (StoredRun run in runs.OrderBy(run => run.Start))
        {
            ulong held = run.Start < next ? next - run.Start : 0;
            if (held < run.Length)
            {
                disjoint.Add(new(run.Start + held, run.Offset + held, run.Length - held));
                next = run.Start + run.Length;
            }
        }

        return disjoint;
    }

    /// <summary>What of <paramref name="wanted"/> no run holds, each address once.</summary>
    /// <param name="runs">Runs as <see cref="Disjoint"/> gives them.</param>
    /// <param name="wanted">Ranges in any order.</param>
    internal static IEnumerable<PhysicalRange> NotIn(List<StoredRun> runs, IEnumerable<PhysicalRange> wanted)
    {
        int i = 0;
        ulong at = 0;
        foreach (PhysicalRange range in wanted.OrderBy(range => range.Start))
        {
            at = Math.Max(at, range.Start.Value);
            ulong end = range.Start.Value + range.Length;
            while (at < end)
            {
                while (i < runs.Count && runs[i].Start + runs[i].Length <= at)
                {
                    i++;
                }

                ulong stop = i < runs.Count ? Math.Min(end, runs[i].Start) : end;
                if (stop > at)
                {
                    yield return new(new(at), stop - at);
                }

                at = i < runs.Count && runs[i].Start < end ? runs[i].Start + runs[i].Length : end;
            }
        }
    }
}
