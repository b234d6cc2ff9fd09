namespace IommuSpy.Translation;

/// <summary>Receives what a CPU's tables map, in order of address. A struct, so that the walk inlines it.</summary>
public interface ICpuLeafVisitor
{
    /// <param name="leaf">One leaf.</param>
    void Leaf(in CpuLeaf leaf);
}
