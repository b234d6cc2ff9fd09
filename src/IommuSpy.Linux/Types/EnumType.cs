namespace IommuSpy.Linux.Types;

/// <summary>An enumeration.</summary>
/// <param name="name">Its tag; empty for one without.</param>
/// <param name="bytes">sizeof.</param>
/// <param name="isSigned">Whether its values are signed.</param>
/// <param name="values">Looks up its values.</param>
public sealed class EnumType(string name, int bytes, bool isSigned, Func<IReadOnlyList<Enumerator>> values) : KernelType(name)
{
    private IReadOnlyList<Enumerator>? _values;

    /// <summary>Whether its values are signed.</summary>
    public bool IsSigned { get; } = isSigned;

    /// <summary>Its values, in order of declaration.</summary>
    public IReadOnlyList<Enumerator> Values => _values ??= values();

    internal override ulong BytesWithin(int depth) => (ulong)bytes;

    internal override string DeclareWithin(string declared, int depth) => Named(Name.Length == 0 ? "enum {...}" : $"enum {Name}", declared);
}
