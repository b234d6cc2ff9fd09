namespace IommuSpy.Translation.Tests;

/// <summary>Counts the leaves of a visit that has too many to keep.</summary>
public struct LeafCount : ILeafVisitor
{
    public long Leaves { get; private set; }

    void ILeafVisitor.Leaf(ulong address, int level, ulong entry, ulong grants) => Leaves++;
}
