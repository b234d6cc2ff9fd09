namespace IommuSpy.Linux.Objects;

/// <summary>An entry of an xarray.</summary>
/// <param name="Index">Its first index.</param>
/// <param name="Count">How many indexes it stands for, 1 or a power of 2 (CONFIG_XARRAY_MULTI).</param>
/// <param name="Value">What is stored: a pointer, or the tagged word of what is none.</param>
/// <param name="IsValue">Whether it is no pointer (xa_is_value; before 4.20 radix_tree_exceptional_entry).</param>
public readonly record struct ArrayEntry(ulong Index, ulong Count, ulong Value, bool IsValue)
{
    /// <summary>An entry's index and what it holds.</summary>
    public void Deconstruct(out ulong index, out ulong value) => (index, value) = (Index, Value);
}
