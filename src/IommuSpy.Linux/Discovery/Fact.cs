namespace IommuSpy.Linux.Discovery;

/// <summary>Something that discovery found out, and how: the first witness is the one believed.</summary>
/// <param name="Witnesses">Who said what, most trusted first; at least one.</param>
public sealed record Fact<T>(IReadOnlyList<Witness<T>> Witnesses)
    where T : IEquatable<T>
{
    /// <summary>The value that is believed.</summary>
    public T Value => Witnesses[0].Value;

    /// <summary>Whether all witnesses said the same.</summary>
    public bool Agreed => Witnesses.All(witness => witness.Value.Equals(Value));

    /// <summary>The fact that those witnesses tell who said anything, or null where none did.</summary>
    public static Fact<T>? From(params IEnumerable<Witness<T>?> witnesses)
    {
        Witness<T>[] said = [.. witnesses.OfType<Witness<T>>()];
        return said.Length > 0 ? new(said) : null;
    }

    /// <summary>The fact of which witnesses say what they please, none more trusted: what most of them say is believed, and among as many the first.</summary>
    internal static Fact<T>? Majority(params IEnumerable<Witness<T>?> witnesses)
    {
        Witness<T>[] said = [.. witnesses.OfType<Witness<T>>()];
        return From(said.OrderByDescending(witness => said.Count(other => other.Value.Equals(witness.Value))));
    }

    /// <summary>What is possible at all is believed before what is not, which is only reported beside it. Null where nothing is possible.</summary>
    internal static Fact<T>? Plausible(Func<T, bool> isPossible, params IEnumerable<Witness<T>?> witnesses)
    {
        Fact<T>? fact = From(witnesses.OfType<Witness<T>>().OrderBy(witness => !isPossible(witness.Value)));
        return fact is not null && isPossible(fact.Value) ? fact : null;
    }
}
