namespace IommuSpy.Memory;

/// <summary>
/// How much work a process may do where it follows what an image points at: a hostile image, or a damaged one, can ask for more than a lifetime
/// of it. One budget is shared by all that is followed in a memory; what ends early is said. Safe to share between threads.
/// </summary>
public sealed class WorkBudget
{
    // 1 TiB of tables: more than any machine has of its own, in all that one question reads.
    private const long MostTables = 1L << 28;

    // 48 bytes each, and as much again while they are sorted into a tree.
    private const long MostExtents = 1L << 23;

    // Of lists and trees; the longest, of free pages on a machine of 4 TiB, has a quarter.
    private const long MostSteps = 1L << 28;

    private static readonly string[] Names = ["tables of translations", "runs of mapped pages", "elements of lists and trees"];

    private readonly long[] _most;
    private readonly long[] _left;

    /// <summary>A budget.</summary>
    /// <param name="tables">Tables that are visited at the most, each as often as it is reached.</param>
    /// <param name="extents">Runs of mapped pages that are kept at the most.</param>
    /// <param name="steps">Elements of lists and nodes of trees that are followed at the most.</param>
    public WorkBudget(long tables = MostTables, long extents = MostExtents, long steps = MostSteps)
    {
        _most = [tables, extents, steps];
        _left = [tables, extents, steps];
    }

    /// <summary>The budget of this process.</summary>
    public static WorkBudget OfProcess { get; } = new();

    /// <summary>What ended early, and is not whole, a line each; empty where nothing did.</summary>
    public IReadOnlyList<string> Problems =>
    [
        .. Names.Where((_, work) => Volatile.Read(ref _left[work]) < 0)
            .Select(name => $"not all was read: this program follows no more than {_most[Array.IndexOf(Names, name)]} {name} in one run"),
    ];

    /// <summary>Gives all of it again: for one who asks again and again, as watch does, each time a question of its own.</summary>
    public void Renew()
    {
        for (int work = 0; work < _most.Length; work++)
        {
            Volatile.Write(ref _left[work], _most[work]);
        }
    }

    /// <summary>Takes a part of what is left.</summary>
    /// <param name="work">Which kind of work.</param>
    /// <param name="wanted">How much, more than 0.</param>
    /// <returns>How much there was of it; 0 where nothing is left.</returns>
    internal long Take(Work work, long wanted)
    {
        ref long left = ref _left[(int)work];
        while (true)
        {
            long now = Volatile.Read(ref left);
            long granted = Math.Clamp(now, 0, wanted);

            // Below 0 once somebody came too late: that is what Problems asks.
            if (Interlocked.CompareExchange(ref left, granted == 0 ? -1 : now - granted, now) == now)
            {
                return granted;
            }
        }
    }

    /// <summary>Gives back what was taken and not used.</summary>
    internal void Return(Work work, long unused)
    {
        ref long left = ref _left[(int)work];
        if (unused > 0 && Volatile.Read(ref left) >= 0)
        {
            Interlocked.Add(ref left, unused);
        }
    }
}
