using IommuSpy.Analysis;
using IommuSpy.Catalogue;

namespace IommuSpy.Sql;

/// <summary>A table of a capture, as often as it is read.</summary>
/// <param name="machine">The capture.</param>
/// <param name="capture">Its name, where there are several; null where it is the only one.</param>
/// <param name="table">The table.</param>
internal sealed class TableSource(Machine machine, string? capture, Table table)
{
    private readonly HashSet<string> _problems = new(StringComparer.Ordinal);

    /// <summary>The table.</summary>
    public Table Table => table;

    /// <summary>How it is named to people.</summary>
    public string Name => capture is null ? table.Name : $"{table.Name} of {capture}";

    /// <summary>What its answers lacked.</summary>
    public IEnumerable<string> Problems => _problems.Select(problem => capture is null ? problem : $"{capture}: {problem}");

    /// <summary>By what it can be asked for a part of its rows, in a text.</summary>
    public IReadOnlyList<Filter> Filters { get; } = [.. table.Filters.Where(filter => filter.IsCondition)];

    /// <summary>Hands its rows over.</summary>
    /// <param name="form">To whom.</param>
    /// <param name="parts">The parts that are asked for; empty for all rows.</param>
    /// <exception cref="QuestionException">A text names no part.</exception>
    public void Write(IRowForm form, IReadOnlyList<(Filter Filter, string Text)> parts)
    {
        // A question each: what one table takes of what may be followed, the next has again.
        machine.Kernel.Memory.Budget.ForNextQuestion();
        Question question = new(machine);
        foreach ((Filter filter, string text) in parts)
        {
            if (filter.Parse(machine, text) is null)
            {
                throw new QuestionException($"'{text}' is no {filter.Name} by which {table.Name} can be asked");
            }

            question.Narrow(filter, text);
        }

        try
        {
            table.Write(form, question);
        }
        finally
        {
            _problems.UnionWith(question.Problems);
        }
    }
}
