namespace IommuSpy.Linux.Types;

/// <summary>A function: what a pointer to one points at.</summary>
/// <param name="result">Looks up what it returns.</param>
/// <param name="parameters">Looks up the types of what it takes; the last is void for one that takes more (...).</param>
public sealed class FunctionType(Func<KernelType> result, Func<IReadOnlyList<KernelType>> parameters) : KernelType("")
{
    /// <summary>What it returns.</summary>
    public KernelType Result => result();

    /// <summary>The types of what it takes; the last is void for one that takes more (...).</summary>
    public IReadOnlyList<KernelType> Parameters => parameters();

    internal override ulong BytesWithin(int depth) => 0;

    internal override string DeclareWithin(string declared, int depth)
    {
        if (depth <= 0)
        {
            return Named("...", declared);
        }

        IReadOnlyList<KernelType> types = Parameters;
        string list = types.Count == 0 ? "void"
            : string.Join(", ", types.Select((type, i) => i > 0 && type is VoidType ? "..." : type.DeclareWithin("", depth / 2)));
        return Result.DeclareWithin($"{declared}({list})", depth - 1);
    }
}
