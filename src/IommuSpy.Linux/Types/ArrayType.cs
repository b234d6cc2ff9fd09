namespace IommuSpy.Linux.Types;

/// <summary>An array.</summary>
/// <param name="element">Looks up the type of its elements.</param>
/// <param name="count">How many it has; 0 for a flexible array at the end of a structure.</param>
public sealed class ArrayType(Func<KernelType> element, ulong count) : KernelType("")
{
    /// <summary>The type of its elements.</summary>
    public KernelType Element => element();

    /// <summary>How many it has; 0 for a flexible array at the end of a structure.</summary>
    public ulong Count { get; } = count;

    // A damaged description may multiply past 64 bits: no such array is in memory.
    internal override ulong BytesWithin(int depth)
    {
        UInt128 bytes = depth <= 0 ? 0 : (UInt128)Element.BytesWithin(depth - 1) * Count;
        return bytes > long.MaxValue ? 0 : (ulong)bytes;
    }

    internal override string DeclareWithin(string declared, int depth) =>
        depth <= 0 ? Named("...", declared) : Element.DeclareWithin(Count == 0 ? $"{declared}[]" : $"{declared}[{Count}]", depth - 1);
}
