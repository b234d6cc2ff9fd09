namespace IommuSpy.Memory;

/// <summary>
/// How much work a process may do where it follows what an image points at: a hostile image, or a damaged one, can ask for more than a lifetime
/// of it. One budget is shared by all that is followed in a memory; what ends early is said. Safe to share between threads.
/// </summary>
public sealed class WorkBudget
{
    // What any machine may need; a large one may need more, as many more as its memory has room for (Admit).
    // 8 GiB of tables: all that one question reads of a small machine is in them.
    private const long MostTables = 1L << 21;

    // 32 bytes each, and 40 more while they are sorted into a tree.
    private const long MostExtents = 1L << 21;

    private const long MostSteps = 1L << 23;

    // 512 leaves each. KASAN's shadow repeats tables, and there it is zeros that are left out; so do the %esp fixup stacks, whose 2,050 of up to 1,024
    // processors (arch/x86/kernel/espfix_64.c) are in each walk of the kernel's half: explain takes three.
    private const long MostRepeats = 1L << 14;

    // 40 bytes each. They are 8 GiB, all that any but the largest machines have in buffers.
    private const long MostPages = 1L << 21;

    // A page frame is one of 512 that a table maps; whoever asks reads each table a few times. Runs are as long
    // as the kernel found memory in one piece: of one that ran for long, a few pages.
    private const int FramesOfTable = 16;
    private const int FramesOfExtent = 8;

    // Machines of more processors than that have a TiB for each 1,024 of them, or more.
    private const int FramesOfRepeat = 1 << 14;

    // Of machines that are there for their guests, most memory is given to devices.
    private const int FramesOfPage = 2;

    // The longest list, of free pages, has an element a frame at the most, and each is asked twice.
    private const int FramesOfStep = 2;

    private static readonly string[] Names =
        ["tables of translations", "runs of mapped pages", "elements of lists and trees", "tables of translations that several entries lead to",
        "pages that devices are let at"];

    private readonly Lock _gate = new();
    private long _frames;

    private readonly long[] _most;
    private readonly long[] _left;
    private readonly bool[] _isCut = new bool[Names.Length];
    private volatile bool _isStopped;

    /// <summary>A budget.</summary>
    /// <param name="tables">Tables that are visited at the most, each as often as it is reached.</param>
    /// <param name="extents">Runs of mapped pages that are kept at the most.</param>
    /// <param name="steps">Elements of lists and nodes of trees that are followed at the most.</param>
    /// <param name="repeats">Tables that are visited once more at the most, since several entries of one space lead to them.</param>
    /// <param name="pages">Pages that devices are let at and that are looked at one by one at the most.</param>
    public WorkBudget(
        long tables = MostTables, long extents = MostExtents, long steps = MostSteps, long repeats = MostRepeats, long pages = MostPages)
    {
        _most = [tables, extents, steps, repeats, pages];
        _left = [tables, extents, steps, repeats, pages];
    }

    /// <summary>The budget of this process.</summary>
    public static WorkBudget OfProcess { get; } = new();

    /// <summary>What ended early, and is not whole, a line each; empty where nothing did.</summary>
    public IReadOnlyList<string> Problems =>
    [
        .. Names.Where((_, work) => Volatile.Read(ref _isCut[work]))
            .Select(name => $"not all was read: this program follows no more than {_most[Array.IndexOf(Names, name)]} {name} in one run"),
    ];

    /// <summary>Gives more to a process that reads a memory which has room for more than the usual: of several memories, to the largest.</summary>
    /// <param name="bytes">How large it is.</param>
    public void Admit(ulong bytes)
    {
        long frames = (long)(bytes >> PageFrame.Shift);
        lock (_gate)
        {
            long more = frames - _frames;
            if (more <= 0)
            {
                return;
            }

            _frames = frames;
            Give(Work.Tables, more / FramesOfTable);
            Give(Work.Extents, more / FramesOfExtent);
            Give(Work.Steps, more / FramesOfStep);
            Give(Work.Repeats, more / FramesOfRepeat);
            Give(Work.Pages, more / FramesOfPage);
        }
    }

    /// <summary>Gives all of it again and forgets what ended early: for one who keeps nothing of what was read before, as watch does.</summary>
    public void Renew()
    {
        Array.Clear(_isCut);
        ForNextQuestion();
    }

    /// <summary>Whether the question that is asked has been given up: by Ctrl-C in a session, or by a client.</summary>
    public bool IsStopped => _isStopped;

    /// <summary>
    /// Gives up the question that is asked: whoever takes of the budget from now on, until the next question, fails with
    /// <see cref="OperationCanceledException"/>. What was being found out for later questions has failed with it, so that whoever asks on begins anew.
    /// </summary>
    public void Stop() => _isStopped = true;

    /// <summary>For what takes long and takes nothing of the budget: to be called now and then.</summary>
    /// <exception cref="OperationCanceledException">The question was given up.</exception>
    public void GoOn()
    {
        if (_isStopped)
        {
            throw new OperationCanceledException("the question was given up");
        }
    }

    /// <summary>
    /// Gives all of it again to one who asks question after question. What ended early is said from then on: of what is kept of earlier answers not all was
    /// read, and later ones lean on it.
    /// </summary>
    public void ForNextQuestion()
    {
        _isStopped = false;
        for (int work = 0; work < _most.Length; work++)
        {
            Volatile.Write(ref _left[work], _most[work]);
        }
    }

    private void Give(Work work, long more)
    {
        _most[(int)work] += more;
        Return(work, more);
    }

    /// <summary>Takes a part of what is left.</summary>
    /// <param name="work">Which kind of work.</param>
    /// <param name="wanted">How much, more than 0.</param>
    /// <returns>How much there was of it; 0 where nothing is left.</returns>
    /// <exception cref="OperationCanceledException">The question was given up.</exception>
    internal long Take(Work work, long wanted)
    {
        GoOn();
        ref long left = ref _left[(int)work];
        while (true)
        {
            long now = Volatile.Read(ref left);
            long granted = Math.Clamp(now, 0, wanted);

            if (granted == 0)
            {
                Volatile.Write(ref _isCut[(int)work], true);
                return 0;
            }

            if (Interlocked.CompareExchange(ref left, now - granted, now) == now)
            {
                return granted;
            }
        }
    }

    /// <summary>Gives back what was taken and not used.</summary>
    internal void Return(Work work, long unused)
    {
        if (unused > 0)
        {
            Interlocked.Add(ref _left[(int)work], unused);
        }
    }
}
