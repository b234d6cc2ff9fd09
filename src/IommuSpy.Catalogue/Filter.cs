using IommuSpy.Analysis;

namespace IommuSpy.Catalogue;

/// <summary>Something by which a table can be asked for a part of its rows, so that the others are never looked for.</summary>
/// <param name="name">Its name. Where a column is called so, asking for one value of that column is this.</param>
/// <param name="sentence">What it leaves.</param>
internal abstract class Filter(string name, string sentence)
{
    /// <summary>Its name.</summary>
    public string Name { get; } = name;

    /// <summary>What it leaves.</summary>
    public string Sentence { get; } = sentence;

    /// <summary>Whether a condition on the column of its name asks for it: COLUMN=VALUE.</summary>
    public abstract bool IsCondition { get; }

    /// <summary>The value that a text is; null where it is none.</summary>
    public abstract object? Parse(Machine? machine, string text);
}

/// <summary>A filter by a value of a type.</summary>
/// <param name="name">Its name.</param>
/// <param name="sentence">What it leaves.</param>
/// <param name="parse">The value that a text is; null where it is none, or where no text is one.</param>
internal sealed class Filter<TValue>(string name, string sentence, Func<Machine?, string, object?>? parse = null) : Filter(name, sentence)
{
    /// <inheritdoc/>
    public override bool IsCondition => parse is not null;

    /// <inheritdoc/>
    public override object? Parse(Machine? machine, string text) => parse?.Invoke(machine, text);
}
