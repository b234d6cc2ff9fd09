using IommuSpy.Analysis.Hidden;
using IommuSpy.Analysis.Wording;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Analysis.Hidden.HiddenObject>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>What one of the kernel's structures shows and another one hides.</summary>
internal sealed class HiddenTable() : Table<HiddenObject>(
    "hidden",
    "What one of the kernel's structures shows and another one, that should, does not: tasks and modules.",
    Its.Text("kind", "task or module.", row => row.Kind),
    Its.Integer("pid", "Of a task, its number.", row => row.Pid),
    Its.Text("name", "Its name; null where it cannot be read.", row => row.Name),
    Its.Address("object", "Its task_struct or struct module.", row => row.Object.Value),
    Its.Address("root", "Of a task with memory of its own, its top-level table.", row => row.Root?.Value),
    Its.Text("seenIn", "What shows it.", row => row.SeenIn),
    Its.Text("missingFrom", "What does not.", row => row.MissingFrom))
{
    /// <inheritdoc/>
    public override void Rows(Question question, Action<HiddenObject> receive)
    {
        HiddenReport report = HiddenReport.Of(question.Machine);
        question.Note(report.Compared);
        question.Tell(report.Problems);
        foreach (HiddenObject hidden in report.Objects)
        {
            receive(hidden);
        }
    }

    /// <inheritdoc/>
    public override RowWriter<HiddenObject> Text(TextForm form, Question question) => new AlignedText<HiddenObject>(form,
    [
        new("what", row => row.Kind),
        new("pid", row => row.Pid?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "-", Right: true),
        new("name", row => row.Name ?? "-"),
        new("at", row => row.Object.ToString()),
        new("seen in", row => row.SeenIn),
        new("missing from", row => row.MissingFrom),
    ])
    {
        HeadsNothing = false,
        Closing = new Sum(question),
    };

    private sealed class Sum(Question question) : Closing<HiddenObject>
    {
        private ulong _found;

        public override void Add(HiddenObject row) => _found++;

        public override string Line() => $"{(_found == 0 ? "nothing" : Amount.Of(_found, "object"))} hidden"
            + (question.Notes.Count == 0 ? "; nothing could be compared" : $"; compared: {string.Join(", ", question.Notes)}");
    }
}
