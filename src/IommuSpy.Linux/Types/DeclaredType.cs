namespace IommuSpy.Linux.Types;

/// <summary>A structure or union that is named and not described: its members are in another module, or nowhere.</summary>
/// <param name="name">Its tag.</param>
/// <param name="isUnion">Whether it is a union.</param>
public sealed class DeclaredType(string name, bool isUnion) : KernelType(name)
{
    internal override ulong BytesWithin(int depth) => 0;

    internal override string DeclareWithin(string declared, int depth) => Named($"{(isUnion ? "union" : "struct")} {Name}", declared);
}
