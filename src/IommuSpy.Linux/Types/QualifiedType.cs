namespace IommuSpy.Linux.Types;

/// <summary>A type that is const, volatile or restrict, or that carries a tag: __user, __rcu.</summary>
/// <param name="qualifier">The word.</param>
/// <param name="target">Looks up the type.</param>
public sealed class QualifiedType(string qualifier, Func<KernelType> target) : KernelType("")
{
    /// <summary>"const", "volatile", "restrict", or a tag as the source writes it: "__user".</summary>
    public string Qualifier { get; } = qualifier;

    /// <summary>The type without it.</summary>
    public KernelType Target => target();

    internal override KernelType Alias => Target;

    internal override ulong BytesWithin(int depth) => depth <= 0 ? 0 : Target.BytesWithin(depth - 1);

    // A qualifier of a pointer stands behind its star: char *const.
    internal override string DeclareWithin(string declared, int depth) => depth <= 0 ? Named("...", declared)
        : Target is PointerType ? Target.DeclareWithin(Named(Qualifier, declared), depth - 1)
        : $"{Qualifier} {Target.DeclareWithin(declared, depth - 1)}";
}
