namespace IommuSpy.Translation;

/// <summary>Receives what a CPU's tables map, in order of address. A struct, so that the walk inlines it.</summary>
public interface ICpuLeafVisitor
{
    /// <typeparam name="TFormat">The format of the tables.</typeparam>
    /// <param name="leaf">One leaf.</param>
    void Leaf<TFormat>(in CpuLeaf<TFormat> leaf)
        where TFormat : struct, ITableFormat;
}
