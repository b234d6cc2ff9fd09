using IommuSpy.Analysis.Hooks;
using IommuSpy.Analysis.Wording;
using IommuSpy.Linux.Hooks;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Analysis.Hooks.HookRow>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>Where the kernel leaves its own code.</summary>
internal sealed class HooksTable() : Table<HookRow>(
    "hooks",
    "Where the kernel leaves its own code, or is made to stop in it, and what accounts for that.",
    Its.Text("kind", "code, pointer, interrupt, tracer, probe or memory.", row => Word(row.Hook.Kind)),
    Its.Address("at", "The instruction, pointer or gate; of the tracer, the registered structure where it is about every function; of memory its first byte.",
        row => row.Hook.At.Value),
    Its.Text("symbol", "The symbol that it is in.", row => row.Within?.ToString()),
    Its.Address("target", "Where that leads; of memory its last byte.", row => row.Hook.Target?.Value),
    Its.Text("targetSymbol", "The symbol that it leads to.", row => row.Leads?.ToString()),
    Its.Text("owner", "Whose code is there: kernel, module NAME, BPF NAME; null where nobody's is known to be.", row => row.Hook.Owner),
    Its.Text("explained", "What of the kernel's own records accounts for it; null where nothing does.", row => row.Hook.Explained))
{
    /// <inheritdoc/>
    public override void Rows(Question question, Action<HookRow> receive)
    {
        (IReadOnlyList<string> looked, IReadOnlyList<string> problems) = HookRow.Find(question.Machine, receive);
        question.Note(looked);
        question.Tell(problems);
    }

    /// <inheritdoc/>
    public override RowWriter<HookRow> Text(TextForm form, Question question) => new AlignedText<HookRow>(form,
    [
        new("what", row => Word(row.Hook.Kind)),
        new("at", row => row.Hook.At.ToString()),
        new("in", row => row.Within?.ToString() ?? "-"),
        new("leads to", row => row.Leads?.ToString() ?? row.Hook.Target?.ToString() ?? "-"),
        new("of", row => row.Hook.Owner ?? "nobody"),
        new("explained by", row => row.Hook.Explained ?? "nothing"),
    ])
    {
        HeadsNothing = false,
        Closing = new Sum(question),
    };

    private static string Word(KernelHookKind kind) => kind switch
    {
        KernelHookKind.Code => "code",
        KernelHookKind.Pointer => "pointer",
        KernelHookKind.Interrupt => "interrupt",
        KernelHookKind.Tracer => "tracer",
        KernelHookKind.Probe => "probe",
        _ => "memory",
    };

    private sealed class Sum(Question question) : Closing<HookRow>
    {
        private ulong _found;
        private ulong _unexplained;

        public override void Add(HookRow row)
        {
            _found++;
            _unexplained += row.IsUnexplained ? 1UL : 0;
        }

        public override string Line() => (_found == 0 ? "no hooks" : $"{Amount.Of(_found, "hook")}, {_unexplained} that nothing explains")
            + $"; looked at: {string.Join(", ", question.Notes)}";
    }
}
