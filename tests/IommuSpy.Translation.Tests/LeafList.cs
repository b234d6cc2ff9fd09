using IommuSpy.Memory;
using IommuSpy.Translation.X64;

namespace IommuSpy.Translation.Tests;

/// <summary>
/// A leaf as a visitor is told of it; its address is canonical where an address space was visited, and as the walk counts it where a walker was.
/// </summary>
public readonly record struct Leaf(ulong Address, PhysicalAddress Physical, ulong Bytes, int Level, ulong Entry, AccessRights Rights);

/// <summary>Keeps every leaf of a visit.</summary>
public readonly struct LeafList : ILeafVisitor, ICpuLeafVisitor
{
    public LeafList()
    {
    }

    public IList<Leaf> Leaves { get; } = new List<Leaf>();

    void ILeafVisitor.Leaf(ulong address, int level, ulong entry, ulong grants) => Leaves.Add(new(
        address, TableFormat.Of<X64Format>().Page(entry, level), TableFormat.Of<X64Format>().SlotBytes(level), level, entry, X64Format.Rights(grants)));

    void ICpuLeafVisitor.Leaf<TFormat>(in CpuLeaf<TFormat> leaf) =>
        Leaves.Add(new(leaf.Address.Value, leaf.Physical, leaf.Bytes, leaf.Level, leaf.Entry, leaf.Rights));
}
