namespace IommuSpy.Linux.Types;

/// <summary>An integer, a bool, a character, or a floating-point number.</summary>
/// <param name="name">"unsigned int".</param>
/// <param name="bytes">sizeof.</param>
/// <param name="encoding">How its bits are read.</param>
public sealed class IntegerType(string name, int bytes, IntegerEncoding encoding) : KernelType(name)
{
    /// <summary>How its bits are read.</summary>
    public IntegerEncoding Encoding { get; } = encoding;

    internal override ulong BytesWithin(int depth) => (ulong)bytes;

    internal override string DeclareWithin(string declared, int depth) => Named(Name, declared);
}
