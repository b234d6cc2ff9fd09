namespace IommuSpy.Linux.Inference;

/// <summary>What the steps that were taken gave, by type: each result once as itself, where there is one, and once as a part.</summary>
internal sealed class StepResults
{
    private readonly Dictionary<Type, object> _results = [];
    private readonly Dictionary<Type, string> _absences = [];

    /// <summary>A result that a step before gave.</summary>
    public T Get<T>()
        where T : class => (T)_results[typeof(T)];

    /// <summary>Why one of these is not there, in the words of a step that needs it; null where all are.</summary>
    public Absence? Absence(IReadOnlyList<Type> needs)
    {
        foreach (Type need in needs)
        {
            if (_absences.TryGetValue(need, out string? why))
            {
                return new(why);
            }
        }

        return null;
    }

    /// <summary>Adds what a step gives. Null, or why it gives nothing.</summary>
    public string? Add<TGives>(InferenceStep step, Part<TGives> given)
        where TGives : class
    {
        if (step.Gives is not Type type)
        {
            return given.Absence;
        }

        _results[step.GivesPart] = given;
        if (given.TryGet(out TGives? result, out string? why))
        {
            _results[type] = result;
            return null;
        }

        // What needs a step whose own need is absent names the one that failed first.
        _absences[type] = this.Absence(step.Needs)?.Why ?? $"without {step.Subject}: {why}";
        return why;
    }
}
