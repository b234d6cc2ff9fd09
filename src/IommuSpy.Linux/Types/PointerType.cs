namespace IommuSpy.Linux.Types;

/// <summary>A pointer: 8 bytes.</summary>
/// <param name="target">Looks up what it points at.</param>
public sealed class PointerType(Func<KernelType> target) : KernelType("")
{
    /// <summary>What it points at.</summary>
    public KernelType Target => target();

    internal override ulong BytesWithin(int depth) => sizeof(ulong);

    // What a pointer points at binds less tightly than its star: (*f)(void), (*a)[4].
    internal override string DeclareWithin(string declared, int depth) => depth <= 0 ? Named("...", declared) : Target switch
    {
        FunctionType or ArrayType => Target.DeclareWithin($"(*{declared})", depth - 1),
        _ => Target.DeclareWithin($"*{declared}", depth - 1),
    };
}
