using IommuSpy.Analysis;
using IommuSpy.Linux;
using IommuSpy.Linux.Types;

namespace IommuSpy.Catalogue.Comparison;

/// <summary>By what the rows of a table are the same thing in two captures, and what of them is compared.</summary>
/// <param name="table">The table.</param>
internal sealed class TableComparison(Table table)
{
    /// <summary>The columns by which a thing is known again while one kernel runs.</summary>
    public required IReadOnlyList<string> Identity { get; init; }

    /// <summary>The columns by which it is known again after another boot, or of another kernel: several that are called alike are added up.</summary>
    public required IReadOnlyList<string> Names { get; init; }

    /// <summary>The columns by which people know it; null for those of the identity or name.</summary>
    public IReadOnlyList<string>? Shown { get; init; }

    /// <summary>Columns of numbers that grow and shrink.</summary>
    public IReadOnlyList<string> Counted { get; init; } = [];

    /// <summary>Other columns that may change.</summary>
    public IReadOnlyList<string> Stated { get; init; } = [];

    /// <summary>What of it changes though nobody does anything; null where nothing does.</summary>
    public string? Idle { get; init; }

    /// <summary>How the table is asked.</summary>
    public Func<Machine, Question> Question { get; init; } = machine => new(machine);

    /// <summary>The table's name.</summary>
    public string Name => table.Name;

    /// <summary>Compares the table of two machines.</summary>
    /// <param name="before">The earlier capture.</param>
    /// <param name="after">The later one.</param>
    /// <param name="sameBoot">Whether both are of one boot of one kernel.</param>
    /// <param name="tell">Told what the answers lack.</param>
    public ComparedTable Of(Machine before, Machine after, bool sameBoot, Action<string> tell)
    {
        try
        {
            Dictionary<string, Thing> earlier = Things(before, sameBoot, problem => tell($"{table.Name}, the earlier: {problem}"));
            Dictionary<string, Thing> later = Things(after, sameBoot, problem => tell($"{table.Name}, the later: {problem}"));
            List<Difference> differences = [];
            foreach ((string key, Thing thing) in earlier.Where(pair => !later.ContainsKey(pair.Key)))
            {
                differences.Add(Whole(Change.Ended, thing));
            }

            foreach ((string key, Thing thing) in later)
            {
                if (earlier.TryGetValue(key, out Thing? its))
                {
                    Compare(its, thing, differences);
                }
                else
                {
                    differences.Add(Whole(Change.Began, thing));
                }
            }

            return new(table.Name, earlier.Values.Sum(thing => thing.Rows), later.Values.Sum(thing => thing.Rows), null, Idle, differences);
        }
        catch (Exception e) when (e is MissingTypeException or LinuxDiscoveryException)
        {
            return new(table.Name, 0, 0, e.Message, Idle, []);
        }
    }

    private Difference Whole(Change change, Thing thing)
    {
        string? column = Counted.Count > 0 ? Counted[0] : null;
        long? amount = Counted.Count > 0 ? thing.Counts[0] : null;
        string? text = amount?.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return change == Change.Began ? new(table.Name, change, thing.Shown, column, null, text, amount)
            : new(table.Name, change, thing.Shown, column, text, null, -amount);
    }

    private void Compare(Thing before, Thing after, List<Difference> differences)
    {
        void Number(string column, long one, long other)
        {
            if (one != other)
            {
                differences.Add(new(table.Name, other > one ? Change.Grew : Change.Shrank, after.Shown, column,
                    one.ToString(System.Globalization.CultureInfo.InvariantCulture), other.ToString(System.Globalization.CultureInfo.InvariantCulture),
                    other - one));
            }
        }

        Number("rows", before.Rows, after.Rows);
        for (int i = 0; i < Counted.Count; i++)
        {
            Number(Counted[i], before.Counts[i], after.Counts[i]);
        }

        for (int i = 0; i < before.States.Length; i++)
        {
            if (before.States[i] != after.States[i])
            {
                differences.Add(new(table.Name, Change.Changed, after.Shown, Stated[i], before.States[i], after.States[i], null));
            }
        }
    }

    private Dictionary<string, Thing> Things(Machine machine, bool sameBoot, Action<string> tell)
    {
        machine.Kernel.Memory.Budget.ForNextQuestion();
        int[] keys = Places(sameBoot ? Identity : Names);
        int[] shown = Places(sameBoot ? Shown ?? Identity : Names);
        int[] counted = Places(Counted);
        int[] stated = Places(sameBoot ? Stated : []);
        Dictionary<string, Thing> things = new(StringComparer.Ordinal);
        Question question = Question(machine);
        table.Visit(View.Whole, question, (columns, cells) =>
        {
            string key = string.Join('\u001f', keys.Select(at => columns[at].TextOf(cells[at])));
            if (!things.TryGetValue(key, out Thing? thing))
            {
                things[key] = thing = new(string.Join(' ', shown.Select(at => columns[at].TextOf(cells[at])).Where(text => text.Length > 0)),
                    new long[counted.Length], [.. stated.Select(at => columns[at].TextOf(cells[at]))]);
            }

            thing.Rows++;
            for (int i = 0; i < counted.Length; i++)
            {
                thing.Counts[i] = unchecked(thing.Counts[i] + cells[counted[i]].Integer);
            }
        });
        foreach (string problem in question.Problems.Concat(machine.Kernel.Memory.Budget.Problems))
        {
            tell(problem);
        }

        return things;
    }

    private int[] Places(IReadOnlyList<string> names) =>
        [.. names.Select(name => Enumerable.Range(0, table.Columns.Count).First(at => table.Columns[at].Name == name))];

    /// <summary>What one capture has of one identity or name.</summary>
    private sealed class Thing(string shown, long[] counts, string[] states)
    {
        public string Shown => shown;

        public long[] Counts => counts;

        public string[] States => states;

        public int Rows { get; set; }
    }
}
