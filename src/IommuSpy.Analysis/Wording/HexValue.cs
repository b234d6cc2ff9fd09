namespace IommuSpy.Analysis.Wording;

/// <summary>A number that is read in hexadecimal and is no address: an entry, a mask, an offset.</summary>
/// <param name="Value">The number.</param>
public readonly record struct HexValue(ulong Value)
{
    /// <summary>"0x" and lower-case hexadecimal.</summary>
    public override string ToString() => $"0x{Value:x}";
}
