using System.Collections;

namespace IommuSpy.Lab;

/// <summary>Values of one option of a machine. Equal when they say the same in the same order.</summary>
public sealed class ValueList<T>(IEnumerable<T> values) : IReadOnlyList<T>, IEquatable<ValueList<T>>
    where T : IEquatable<T>
{
    public static readonly ValueList<T> Empty = new([]);

    private readonly T[] _values = [.. values];

    public int Count => _values.Length;

    public T this[int index] => _values[index];

    public bool Equals(ValueList<T>? other) => other is not null && _values.AsSpan().SequenceEqual(other._values);

    public override bool Equals(object? obj) => Equals(obj as ValueList<T>);

    public override int GetHashCode() => string.Join(' ', _values).GetHashCode(StringComparison.Ordinal);

    public override string ToString() => string.Join(',', _values);

    public IEnumerator<T> GetEnumerator() => _values.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
