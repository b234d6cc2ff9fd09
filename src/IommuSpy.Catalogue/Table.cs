using System.Text.Json;

namespace IommuSpy.Catalogue;

/// <summary>A list that can be asked for: its name, its columns, and how its rows are found.</summary>
/// <param name="name">Its name.</param>
/// <param name="sentence">What its rows are.</param>
internal abstract class Table(string name, string sentence)
{
    /// <summary>Its name.</summary>
    public string Name { get; } = name;

    /// <summary>What its rows are.</summary>
    public string Sentence { get; } = sentence;

    /// <summary>The command that answers with it, with what has to be said for it: "maps --leaves".</summary>
    public string Command { get; init; } = name;

    /// <summary>Of what it is.</summary>
    public virtual TableSubject Subject => TableSubject.Machine;

    /// <summary>By what it can be asked for a part of its rows, so that the others are never looked for.</summary>
    public virtual IReadOnlyList<Filter> Filters => [];

    /// <summary>Its columns, in their order.</summary>
    public abstract IReadOnlyList<Column> Columns { get; }

    /// <summary>Hands over the columns and cells of each row that is wanted: for who does not know what its rows are.</summary>
    /// <exception cref="QuestionException">It has no such column, or none that can be compared so.</exception>
    public abstract void Visit(View view, Question question, Action<IReadOnlyList<Column>, Cell[]> receive);

    /// <summary>Writes all of its rows in a form, for who does not know what they are.</summary>
    /// <param name="rows">Where to: the form.</param>
    /// <param name="question">What it is asked.</param>
    /// <returns>How many rows there were.</returns>
    public abstract long Write(IRowForm rows, Question question);

    /// <summary>Writes each row that is wanted as an object of JSON, into an array that the writer is in.</summary>
    /// <param name="view">Which rows and columns.</param>
    /// <param name="question">What is asked.</param>
    /// <param name="writer">Where to.</param>
    /// <param name="isShown">Asked for each row, in order, whether it is written; what it throws ends the search.</param>
    /// <exception cref="QuestionException">It has no such column, or none that can be compared so.</exception>
    public abstract void Write(View view, Question question, Utf8JsonWriter writer, Func<bool> isShown);
}

/// <summary>A list whose rows are <typeparamref name="TRow"/>.</summary>
/// <param name="name">Its name.</param>
/// <param name="sentence">What its rows are.</param>
/// <param name="columns">Its columns, in their order.</param>
internal abstract class Table<TRow>(string name, string sentence, params Column<TRow>[] columns) : Table(name, sentence)
{
    /// <inheritdoc/>
    public override IReadOnlyList<Column<TRow>> Columns { get; } = columns;

    /// <summary>Hands over each row as it is found, and tells the question what is missing.</summary>
    public abstract void Rows(Question question, Action<TRow> receive);

    /// <inheritdoc/>
    public override void Visit(View view, Question question, Action<IReadOnlyList<Column>, Cell[]> receive)
    {
        Selection<TRow> selection = view.Of(this);
        selection.Rows(question, row =>
        {
            Cell[] cells = new Cell[selection.Columns.Count];
            for (int i = 0; i < cells.Length; i++)
            {
                cells[i] = selection.Columns[i].WholeOf(row);
            }

            receive(selection.Columns, cells);
        });
    }

    /// <inheritdoc/>
    public override long Write(IRowForm rows, Question question)
    {
        long count = 0;
        using RowWriter<TRow> writer = rows.Of(this);
        question.Waits = writer.Flush;
        Rows(question, row =>
        {
            count++;
            writer.Add(row);
        });
        writer.Complete();
        return count;
    }

    /// <inheritdoc/>
    public override void Write(View view, Question question, Utf8JsonWriter writer, Func<bool> isShown)
    {
        Selection<TRow> selection = view.Of(this);
        selection.Rows(question, row =>
        {
            if (isShown())
            {
                writer.WriteStartObject();
                foreach (Column<TRow> column in selection.Columns)
                {
                    column.Write(writer, row);
                }

                writer.WriteEndObject();
            }
        });
    }

    /// <summary>How people read it where they choose no columns: all that are worth a place on a terminal, in words.</summary>
    public virtual RowWriter<TRow> Text(TextForm form, Question question) => AlignedText<TRow>.Of(form, Columns);
}
