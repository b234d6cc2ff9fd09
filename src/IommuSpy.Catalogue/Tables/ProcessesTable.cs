using System.Globalization;
using IommuSpy.Analysis.Processes;
using IommuSpy.Memory;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Analysis.Processes.ProcessReport>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>The processes and kernel threads.</summary>
internal sealed class ProcessesTable() : Table<ProcessReport>(
    "ps",
    "The processes and kernel threads, or every thread, with the top-level page table of each.",
    Its.Integer("pid", "Its number; of a thread, the thread's own.", row => row.Pid),
    Its.Integer("tgid", "The number of its process.", row => row.Tgid),
    Its.Text("comm", "Its name.", row => row.Comm),
    Its.Integer("parent", "The pid of its parent; 0 for what has none.", row => row.Parent),
    Its.Number("uid", "The real user.", row => row.Uid),
    Its.Text("state", "R, S, D, T, t, X, Z, P or I, as ps prints it.", row => row.State?.ToString()),
    Its.Flag("kernelThread", "Whether it runs kernel code alone.", row => row.KernelThread),
    Its.Address("root", "Its top-level page table: what CR3 holds while it runs in the kernel.", row => row.RootTable?.Value),
    Its.Number("residentPages", "How much of it is in memory, by the kernel's counters, or by the page tables where those are not described.",
        row => row.ResidentPages, "pages of 4 KiB"),
    Its.Address("task", "Where its task_struct is.", row => row.Task.Value),
    Its.Address("mm", "Where its mm_struct is.", row => row.Mm?.Value),
    Its.Real("startedSeconds", "When it began, since boot.", row => row.StartedSeconds, "seconds"),
    Its.Text("started", "The same as a time of day, UTC.",
        row => row.Started?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)),
    Its.Texts("arguments", "Its command line; empty of a kernel thread, and where it cannot be read, as where it is swapped out.", row => row.Arguments ?? []),
    Its.Texts("environment", "With --env, its environment, as it was given to it.", row => row.Environment ?? []),
    Its.Integer("cpu", "The CPU that it runs on, or ran on last.", row => row.Cpu),
    Its.Texts("cgroups", "Its control groups, a line for each hierarchy as in /proc/PID/cgroup.", row => row.ControlGroups),
    Its.Texts("namespaces", "Its namespaces, as the links in /proc/PID/ns name them.", row => row.Namespaces),
    Its.Texts("ownNamespaces", "Those of them that the first process is not in: what a container has for itself.", row => row.OwnNamespaces),
    Its.Integer("depth", "With --tree, how many ancestors it has in the list.", row => row.Depth))
{
    private const string Absent = "-";

    // Deeper families are a forger's: a line for each of 100,000 generations would have 10 GB of spaces.
    private const int MostIndented = 32;

    /// <summary>Every thread, rather than a row a process.</summary>
    public static Filter<bool> Threads { get; } = new("threads", "Every thread, rather than a row a process.");

    /// <summary>Children below their parents.</summary>
    public static Filter<bool> Tree { get; } = new("tree", "Children below their parents.");

    /// <summary>In text, command lines instead of names.</summary>
    public static Filter<bool> Arguments { get; } = new("args", "In text, command lines instead of names.");

    /// <summary>The environment of each process, too.</summary>
    public static Filter<bool> Environment { get; } = new("env", "The environment of each process, too.");

    /// <summary>In text, control groups and own namespaces, too.</summary>
    public static Filter<bool> Containers { get; } = new("containers", "In text, control groups and own namespaces, too.");

    /// <inheritdoc/>
    public override IReadOnlyList<Filter> Filters => [Threads, Tree, Arguments, Environment, Containers];

    /// <inheritdoc/>
    public override void Rows(Question question, Action<ProcessReport> receive)
    {
        ProcessList list = ProcessList.Of(question.Machine, question.Get(Threads, false), question.Get(Tree, false),
            question.Get(Environment, false));
        foreach (ProcessReport row in list.Rows)
        {
            receive(row);
        }

        question.Tell(list.Problems);
    }

    /// <inheritdoc/>
    public override RowWriter<ProcessReport> Text(TextForm form, Question question)
    {
        TextColumn<ProcessReport>[] number = question.Get(Threads, false)
            ? [new("pid", row => Number(row.Tgid), Right: true), new("tid", row => Number(row.Pid), Right: true)]
            : [new("pid", row => Number(row.Pid), Right: true)];
        TextColumn<ProcessReport>[] started = question.Get(Arguments, false)
            ? [new("started", row => row.Started?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) ?? Absent)]
            : [];
        TextColumn<ProcessReport>[] containers = question.Get(Containers, false)
            ? [new("own namespaces", row => Line(row.OwnNamespaces)), new("control groups", row => Line(row.ControlGroups))]
            : [];
        return new AlignedText<ProcessReport>(form,
        [
            .. number,
            new("parent", row => Number(row.Parent), Right: true),
            new("uid", row => Number(row.Uid), Right: true),
            new("", row => row.State?.ToString() ?? Absent),
            new("VmRSS", row => row.Mm is null ? Absent : row.ResidentPages is ulong pages ? Size.Text(pages * PageFrame.Size) : "?", Right: true),
            new("root table", row => row.RootTable?.ToString() ?? Absent),
            .. started,
            .. containers,
            new("name", row => Indent(row.Depth) + Line(row, question.Get(Arguments, false)) + Surroundings(row)),
        ])
        {
            Closing = new Counts(question.Get(Threads, false) ? "threads" : "processes and kernel threads"),
        };
    }

    private static string Indent(int depth) => depth <= MostIndented ? new(' ', 2 * depth)
        : string.Create(CultureInfo.InvariantCulture, $"{new string(' ', 2 * MostIndented)}({depth} below) ");

    private static string Line(ProcessReport row, bool arguments) => row.KernelThread ? $"[{row.Comm ?? "?"}]"
        : arguments && row.Arguments is { Count: > 0 } line ? string.Join(' ', line) : row.Comm ?? "?";

    private static string Line(IReadOnlyList<string> words) => words.Count > 0 ? string.Join(' ', words) : Absent;

    private static string Surroundings(ProcessReport row) => row.Environment is { Count: > 0 } variables ? $"  {string.Join(' ', variables)}" : "";

    private static string Number(long? value) => value?.ToString(CultureInfo.InvariantCulture) ?? Absent;

    private sealed class Counts(string what) : Closing<ProcessReport>
    {
        private int _all;
        private int _mapping;
        private int _last;

        public override void Add(ProcessReport row)
        {
            _all++;
            if (row.Mm is not null)
            {
                _mapping++;
                _last = row.Tgid;
            }
        }

        public override string? Line() => (_all, _mapping) switch
        {
            (0, _) => null,
            (_, 0) => $"{_all} {what}",
            _ => $"{_all} {what}, {_mapping} with memory of their own   (what one has mapped: iommu-spy vmas {_last})",
        };
    }
}
