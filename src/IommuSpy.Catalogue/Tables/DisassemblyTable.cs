using IommuSpy.Analysis.Code;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Analysis.Code.InstructionRow>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>Instructions.</summary>
internal sealed class DisassemblyTable() : Table<InstructionRow>(
    "dis",
    "The instructions of a function or from an address on, as they are in memory now.",
    Its.Address("virtual", "Where the instruction is.", row => row.Instruction.Address.Value),
    Its.Text("symbol", "The function it is in, and how far.", row => row.Symbol?.ToString()),
    Its.Text("content", "Its bytes, in hexadecimal.", row => Convert.ToHexStringLower(row.Instruction.Bytes.Span)),
    Its.Text("instruction", "It, in assembly language; (bad) for what is none.", row => row.Instruction.Text),
    Its.Address("target", "Where it goes, or what it refers to, where it says that by itself.", row => row.Instruction.Target?.Value),
    Its.Text("targetSymbol", "The symbol at or before that, or the per-CPU variable that it names.", row => row.Target?.ToString()),
    Its.Flag("leaves", "Whether it goes there: a jump or a call.", row => row.Instruction.Leaves),
    Its.Texts("notes", "What the kernel's own tables say of this place: jump labels, static calls, BUG and WARN, faults, the tracer, probes.",
        row => row.Notes),
    Its.Flag("askedFor", "Whether the address that was asked for is in it.", row => row.IsAskedFor))
{
    /// <summary>Which instructions.</summary>
    public static Filter<DisassemblyQuery> Query { get; } = new("query", "Which instructions.");

    /// <inheritdoc/>
    public override TableSubject Subject => TableSubject.Part;

    /// <inheritdoc/>
    public override IReadOnlyList<Filter> Filters => [Query];

    /// <inheritdoc/>
    public override void Rows(Question question, Action<InstructionRow> receive) =>
        question.Tell(DisassemblyList.Read(question.Machine, question.Find(Query) ?? throw new QuestionException("dis: say which function"), receive));

    /// <inheritdoc/>
    public override RowWriter<InstructionRow> Text(TextForm form, Question question) => new Lines(form);

    /// <summary>As objdump prints them, with a heading where a function begins, and what is known of a place behind it.</summary>
    private sealed class Lines(TextForm form) : RowWriter<InstructionRow>
    {
        // The longest instruction that the kernel has many of loads 64 bits: 10 bytes.
        private const int BytesWidth = 29;
        private const int OffsetWidth = 7;
        private const int TextWidth = 40;
        private string? _function;

        public override void Add(InstructionRow row)
        {
            string? function = row.Symbol is { } symbol ? symbol.Symbol.Name + (symbol.Symbol.Module is string module ? $" [{module}]" : "") : null;
            if (function != _function)
            {
                _function = function;
                form.Writer.WriteLine(form.Heading(function is null ? "no symbol" : form.Printable(function)));
            }

            string offset = row.Symbol is { } within ? $"+0x{within.Offset:x}" : "";
            string bytes = string.Join(' ', Convert.ToHexStringLower(row.Instruction.Bytes.Span).Chunk(2).Select(two => new string(two)));
            string[] remarks = [.. row.Target is { } target ? [$"<{target}>"] : Array.Empty<string>(), .. row.Notes];
            string known = string.Join("; ", remarks.Select(form.Printable));
            string place = $"{(row.IsAskedFor ? "=>" : "  ")} {row.Instruction.Address}  {offset,-OffsetWidth}";
            string line = $"{place} {bytes,-BytesWidth} {row.Instruction.Text,-TextWidth} {known}";
            form.Writer.WriteLine(line.TrimEnd());
        }

        public override void Dispose() => form.Writer.Flush();
    }
}
