namespace IommuSpy.Linux.Types;

/// <summary>Another name for a type.</summary>
/// <param name="name">The name.</param>
/// <param name="target">Looks up what it stands for.</param>
public sealed class TypedefType(string name, Func<KernelType> target) : KernelType(name)
{
    /// <summary>What it stands for.</summary>
    public KernelType Target => target();

    internal override KernelType Alias => Target;

    internal override ulong BytesWithin(int depth) => depth <= 0 ? 0 : Target.BytesWithin(depth - 1);

    internal override string DeclareWithin(string declared, int depth) => Named(Name, declared);
}
