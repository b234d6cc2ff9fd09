using IommuSpy.Analysis;
using IommuSpy.Memory;

namespace IommuSpy.Catalogue;

/// <summary>What a table is asked: of which machine, and for which part of its rows. It collects what the answer lacks.</summary>
/// <param name="machine">The machine; null for tables that are of none.</param>
internal sealed class Question(Machine? machine = null)
{
    // Nobody reads more of them; each is a line that every form of the answer repeats.
    private const int MostProblems = 1000;

    private readonly Dictionary<Filter, object> _filters = [];
    private readonly DamageLines _problems = new(MostProblems);
    private readonly List<string> _notes = [];

    /// <summary>The machine.</summary>
    /// <exception cref="InvalidOperationException">The question is of none.</exception>
    public Machine Machine => machine ?? throw new InvalidOperationException("this table is of a machine, and the question names none");

    /// <summary>The machine; null where the question is of none.</summary>
    public Machine? FindMachine => machine;

    /// <summary>What a table calls before it waits for something: rows that it has handed over have to be with their reader by then.</summary>
    public Action Waits { get; set; } = () => { };

    /// <summary>What the answer lacks or what contradicts itself in it, a line each.</summary>
    public IReadOnlyList<string> Problems => _problems.All;

    /// <summary>What a table has noted for the line below its rows.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>Asks for a part.</summary>
    public Question With<TValue>(Filter<TValue> filter, TValue? value)
    {
        if (value is not null)
        {
            _filters[filter] = value;
        }

        return this;
    }

    /// <summary>Asks for a part by what a condition says, unless it is asked for already.</summary>
    public void Narrow(Filter filter, string text)
    {
        if (!_filters.ContainsKey(filter) && filter.Parse(machine, text) is object value)
        {
            _filters[filter] = value;
        }
    }

    /// <summary>Whether a part is asked for, and by what.</summary>
    public bool TryGet<TValue>(Filter<TValue> filter, out TValue value)
    {
        bool given = _filters.TryGetValue(filter, out object? its);
        value = given ? (TValue)its! : default!;
        return given;
    }

    /// <summary>By what a part is asked for; null where it is not.</summary>
    public TValue? Find<TValue>(Filter<TValue> filter)
        where TValue : class => TryGet(filter, out TValue value) ? value : null;

    /// <summary>By what a part is asked for; the other value where it is not.</summary>
    public TValue Get<TValue>(Filter<TValue> filter, TValue otherwise) => TryGet(filter, out TValue value) ? value : otherwise;

    /// <summary>Notes what belongs below the rows where people read them.</summary>
    public void Note(IEnumerable<string> notes) => _notes.AddRange(notes);

    /// <summary>Says what the answer lacks.</summary>
    public void Tell(string problem) => _problems.Add(problem);

    /// <summary>The same of several.</summary>
    public void Tell(IEnumerable<string> problems)
    {
        foreach (string problem in problems)
        {
            _problems.Add(problem);
        }
    }
}
