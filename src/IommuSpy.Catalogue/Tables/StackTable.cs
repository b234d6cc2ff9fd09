using System.Globalization;
using IommuSpy.Analysis.Stacks;
using IommuSpy.Linux.Stacks;
using IommuSpy.Linux.Tasks;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Analysis.Stacks.StackRow>;
using Of = IommuSpy.Catalogue.Columns<IommuSpy.Linux.Stacks.StackFrame>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>Kernel stacks.</summary>
internal sealed class StackTable() : Table<StackRow>(
    "stack",
    "Kernel stacks, of tasks or of CPUs, the innermost function first.",
    Its.Numbers("pids", "The task; with --group, every task with this stack; empty of a CPU.", row => row.Pids),
    Its.Texts("names", "Their names.", row => row.Names),
    Its.Integer("cpu", "The CPU; null of a task.", row => row.Cpu),
    Its.Text("state", "The state of the task, as ps prints it.", row => row.State?.ToString()),
    Its.Records("frames", "The functions, each called by the next.", row => row.Trace.Frames,
        Of.Address("virtual", "Where the function goes on; of what was interrupted, where it was.", frame => frame.Address.Value),
        Of.Text("symbol", "The function, how far into it, and its size, as the kernel prints them.", frame => frame.Symbol?.ToKernelString()),
        Of.Address("stack", "Where on the stack that stands.", frame => frame.Stack.Value),
        Of.Flag("interrupted", "Whether it was interrupted, rather than left by a call.", frame => frame.IsInterrupted)),
    Its.Text("problem", "Why it may be wrong or end too early; null where it was followed to its end.", row => row.Trace.Problem))
{
    /// <summary>Only of one task.</summary>
    public static Filter<KernelTask> Task { get; } = new("pid", "Only the stack of one task.");

    /// <summary>Of CPUs: of this one, or of all for -1.</summary>
    public static Filter<object> Cpu { get; } = new("cpu", "The stacks of CPUs, or of one.");

    /// <summary>Tasks with the same stack as one row.</summary>
    public static Filter<bool> Group { get; } = new("group", "Tasks with the same stack as one row.");

    /// <inheritdoc/>
    public override IReadOnlyList<Filter> Filters => [Task, Cpu, Group];

    /// <inheritdoc/>
    public override void Rows(Question question, Action<StackRow> receive)
    {
        IEnumerable<StackRow> rows = question.Find(Cpu) is int cpu
            ? StackList.OfCpus(question.Machine, cpu < 0 ? null : cpu)
            : StackList.OfTasks(question.Machine, question.Find(Task));
        foreach (StackRow row in question.Get(Group, false) ? StackList.Grouped(rows) : rows)
        {
            receive(row);
        }
    }

    /// <inheritdoc/>
    public override RowWriter<StackRow> Text(TextForm form, Question question) => new Lines(form);

    /// <summary>As the kernel prints them.</summary>
    private sealed class Lines(TextForm form) : RowWriter<StackRow>
    {
        private const int MostShown = 16;
        private bool _first = true;

        public override void Add(StackRow row)
        {
            if (!_first)
            {
                form.Writer.WriteLine();
            }

            _first = false;
            form.Writer.WriteLine(form.Heading(Heading(row)));
            foreach (StackFrame frame in row.Trace.Frames)
            {
                string symbol = form.Printable(frame.Symbol?.ToKernelString() ?? "?");
                form.Writer.WriteLine($"  {frame.Stack}  {frame.Address}  {symbol}{(frame.IsInterrupted ? "  (interrupted)" : "")}");
            }

            if (row.Trace.Problem is string problem)
            {
                form.Writer.WriteLine($"  ({problem})");
            }
        }

        public override void Dispose() => form.Writer.Flush();

        private string Heading(StackRow row)
        {
            if (row.Cpu is int cpu)
            {
                return string.Create(CultureInfo.InvariantCulture, $"CPU {cpu}");
            }

            string state = row.State is char letter ? $"  {letter}" : "";
            string names = form.Printable(string.Join(", ", row.Names.Take(MostShown))) + (row.Names.Count > MostShown ? " and more" : "");
            return row.Pids.Count == 1 ? $"{names}[{row.Pids[0]}]{state}"
                : $"{row.Pids.Count} tasks{state}: {names}  (pid {string.Join(' ', row.Pids.Take(MostShown))}{(row.Pids.Count > MostShown ? " ..." : "")})";
        }
    }
}
