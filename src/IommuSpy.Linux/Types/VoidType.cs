namespace IommuSpy.Linux.Types;

/// <summary>void, and what a damaged description does not tell.</summary>
public sealed class VoidType : KernelType
{
    private VoidType()
        : base("void")
    {
    }

    /// <summary>The only void type.</summary>
    public static VoidType Instance { get; } = new();

    internal override ulong BytesWithin(int depth) => 0;

    internal override string DeclareWithin(string declared, int depth) => Named(Name, declared);
}
