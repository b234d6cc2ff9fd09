namespace IommuSpy.Translation.Tests;

/// <summary>A leaf as a visitor is told of it.</summary>
public readonly record struct Leaf(ulong Address, int Level, ulong Entry, ulong Grants);

/// <summary>Keeps every leaf of a visit.</summary>
public readonly struct LeafList : ILeafVisitor
{
    public LeafList()
    {
    }

    public IList<Leaf> Leaves { get; } = new List<Leaf>();

    void ILeafVisitor.Leaf(ulong address, int level, ulong entry, ulong grants) => Leaves.Add(new(address, level, entry, grants));
}
