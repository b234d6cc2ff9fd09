using System.CommandLine;
using IommuSpy.Analysis.Wording;
using IommuSpy.Catalogue;
using IommuSpy.Memory;

namespace IommuSpy.Cli;

/// <summary>In which form a command answers with a table, and with which of its rows and columns.</summary>
internal sealed class TableOptions
{
    private readonly Option<bool> _json = OutputOptions.JsonOption();
    private readonly Option<bool> _lines = new("--jsonl") { Description = "Answer as JSON Lines: one row a line, as it is found." };
    private readonly Option<bool> _csv = new("--csv") { Description = "Answer as CSV, the columns' names first." };
    private readonly Option<string?> _columns = new("--columns") { Description = "Only these columns, in this order.", HelpName = "COLUMN,..." };
    private readonly Option<string[]> _where = new("--where")
    {
        Description = "Only rows that meet it: COLUMN=VALUE, with * and ? in texts; or with !=, <, >, <=, >= or ~ (contains). More than once: all of them.",
        HelpName = "CONDITION",
        DefaultValueFactory = _ => [],
    };

    private readonly Option<string?> _sort = new("--sort")
    {
        Description = "Sort by these columns; with :desc behind its name, the greatest first.",
        HelpName = "COLUMN,...",
    };

    /// <summary>Adds the options to a command.</summary>
    /// <param name="command">The command.</param>
    /// <param name="tables">The tables with which it answers; help names the first one's columns. None where the question itself chooses.</param>
    public TableOptions(Command command, params Table[] tables)
    {
        string[] names = [.. tables.SelectMany(table => table.Columns).Select(column => column.Name).Distinct(StringComparer.Ordinal)];
        _columns.CompletionSources.Add(names);
        _sort.CompletionSources.Add(names);
        _where.CompletionSources.Add([.. names.Select(name => name + "=")]);
        Option[] chosen = [];
        if (tables.Length > 0)
        {
            _columns.Description += $" Which there are: iommu-spy tables {tables[0].Name}.";
            chosen = [_columns, _where, _sort];
        }

        foreach (Option option in (Option[])[_json, _lines, _csv, .. chosen])
        {
            command.Options.Add(option);
        }
    }

    /// <summary>Whether -J or --jsonl was given.</summary>
    public bool IsJson(ParseResult result) => result.GetValue(_json) || result.GetValue(_lines);

    /// <summary>Whether --jsonl was given.</summary>
    public bool IsLines(ParseResult result) => result.GetValue(_lines);

    /// <summary>Whether people read the answer, and have chosen neither rows nor columns.</summary>
    public bool IsPlain(ParseResult result) => !IsJson(result) && !result.GetValue(_csv) && View(result) == Catalogue.View.Whole;

    /// <summary>Of a command that says more than a table where it can: whether options were given that only rows can meet.</summary>
    public bool AsksForRows(ParseResult result) => IsLines(result) || result.GetValue(_csv) || View(result) != Catalogue.View.Whole;

    /// <summary>The same; and where they were not, in which form to say more.</summary>
    public bool AsksForRows(ParseResult result, out AnswerForm form)
    {
        form = IsJson(result) ? AnswerForm.Json : AnswerForm.Text;
        return AsksForRows(result);
    }

    /// <summary>Of a command that answers otherwise than with a table this time: in which form.</summary>
    /// <exception cref="UsageException">Options were given that are a table's.</exception>
    public AnswerForm ReportForm(ParseResult result, string what) => View(result) == Catalogue.View.Whole && !result.GetValue(_csv)
        ? (IsLines(result) ? AnswerForm.JsonLines : IsJson(result) ? AnswerForm.Json : AnswerForm.Text)
        : throw new UsageException($"--columns, --where, --sort and --csv are for lists: {what} is none");

    /// <summary>Answers with a table.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="table">The table.</param>
    /// <param name="question">What it is asked.</param>
    /// <param name="witness">Told of each row that is written.</param>
    /// <returns>How many rows there were.</returns>
    public long Answer<TRow>(ParseResult result, Table<TRow> table, Question question, Action<TRow>? witness = null)
    {
        Selection<TRow> selection = View(result).Of(table);
        long count;
        using (RowWriter<TRow> writer = Writer(result, selection, question))
        {
            question.Waits = writer.Flush;
            count = selection.Rows(question, witness is null ? writer.Add : row =>
            {
                witness(row);
                writer.Add(row);
            });
            writer.Complete();
        }

        Output.Problems(question.Problems);
        return count;
    }

    private RowWriter<TRow> Writer<TRow>(ParseResult result, Selection<TRow> selection, Question question)
    {
        bool json = result.GetValue(_json);
        bool lines = result.GetValue(_lines);
        bool csv = result.GetValue(_csv);
        if ((json ? 1 : 0) + (lines ? 1 : 0) + (csv ? 1 : 0) > 1)
        {
            throw new UsageException("-J, --jsonl and --csv exclude one another");
        }

        if (json || lines)
        {
            return Closed(Output.Bytes(), output => new JsonRows<TRow>(output, selection.Table.Name, selection.Columns, lines,
                () => [.. question.Problems, .. WorkBudget.OfProcess.Problems]));
        }

        return Closed<TRow, StreamWriter>(Output.Text(), writer => csv ? new CsvRows<TRow>(writer, selection.Columns)
            : result.GetValue(_columns) is not null ? AlignedText<TRow>.Of(Form(writer), selection.Columns)
            : selection.Table.Text(Form(writer), question));
    }

    /// <summary>Text for people on standard output.</summary>
    public static TextForm Form(TextWriter writer) => new(writer, Display.Heading, Printable.Name);

    private View View(ParseResult result)
    {
        string[] conditions = result.GetValue(_where) ?? [];
        return result.GetValue(_columns) is null && result.GetValue(_sort) is null && conditions.Length == 0
            ? Catalogue.View.Whole
            : new(Names(result.GetValue(_columns)), [.. conditions.Select(Condition.Parse)], Names(result.GetValue(_sort)));
    }

    private static Closing<TRow> Closed<TRow, TOutput>(TOutput output, Func<TOutput, RowWriter<TRow>> writer)
        where TOutput : IDisposable => new(output, writer(output));

    private static string[] Names(string? list) =>
        list?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];

    /// <summary>Rows into what is closed behind them.</summary>
    private sealed class Closing<TRow>(IDisposable output, RowWriter<TRow> rows) : RowWriter<TRow>
    {
        public override void Add(TRow row) => rows.Add(row);

        public override void Flush() => rows.Flush();

        public override void Complete() => rows.Complete();

        public override void Dispose()
        {
            rows.Dispose();
            output.Dispose();
        }
    }
}
